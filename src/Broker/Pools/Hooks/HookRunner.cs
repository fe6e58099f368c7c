using Broker.Client.Protocol.Failures;

namespace Broker.Pools.Hooks;

/// <summary>Runs hooks so that nothing they do can get out: whatever they throw, and however long they take, becomes one failure.</summary>
/// <param name="Hooks">The pool's hooks.</param>
/// <param name="Limit">How long all hooks of one moment may take together (`pool.hook-timeout`).</param>
/// <param name="Time">The clock.</param>
internal sealed record HookRunner(PoolHooks Hooks, TimeSpan Limit, TimeProvider Time)
{
    /// <summary>Runs the hooks of a kind, one after the other, up to the first that fails.</summary>
    /// <returns>The failure; null when all went well, or there are none.</returns>
    internal async ValueTask<HookFailed?> RunAsync(HookKind kind, HookedConnection connection)
    {
        if (!Hooks.Has(kind))
        {
            return null;
        }

        using var limit = new CancellationTokenSource(Limit, Time);
        try
        {
            foreach (var hook in Hooks.Of(kind))
            {
                // A hook that does not listen to its token is not waited for: its connection is closed under it. One that blocks does so
                // on a thread of its own choosing, not on the actor's.
                await Task.Run(() => hook(connection, limit.Token).AsTask(), CancellationToken.None).WaitAsync(limit.Token);
            }

            return limit.IsCancellationRequested ? Overran(kind, connection) : null;
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            return Overran(kind, connection);
        }
#pragma warning disable CA1031 // What an application's hook throws can be anything, and all of it means the same.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return Failed(kind, connection, exception.Message);
        }
    }

    private HookFailed Overran(HookKind kind, HookedConnection connection) =>
        Failed(kind, connection, $"it took longer than {Limit.TotalSeconds:0.###} s (pool.hook-timeout)");

    private static HookFailed Failed(HookKind kind, HookedConnection connection, string cause) => new(connection.Pool, Word(kind), cause);

    private static string Word(HookKind kind) => kind switch
    {
        HookKind.FirstConnect => "first-connect",
        HookKind.Connect => "connect",
        HookKind.Checkout => "checkout",
        HookKind.Reset => "reset",
        HookKind.Checkin => "checkin",
        HookKind.Invalidate => "invalidate",
        HookKind.Close => "close",
    };
}
