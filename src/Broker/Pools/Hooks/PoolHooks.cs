using System.Collections.Immutable;

namespace Broker.Pools.Hooks;

/// <summary>Code of the application that runs at a moment in a connection's life.</summary>
/// <param name="connection">The connection.</param>
/// <param name="limit">
/// Cancelled when `pool.hook-timeout` is over; the connection is discarded then, whether the hook listens or not.
/// </param>
public delegate ValueTask ConnectionHook(HookedConnection connection, CancellationToken limit);

/// <summary>
/// The hooks of a pool: an immutable set; each addition gives a new one. Hooks of one kind run in the order in which they were added. A
/// hook that throws, or overruns, means that nobody knows what state it left its connection in: the connection is discarded, its slot is
/// free again, and who waited for it gets <see cref="Client.Protocol.Failures.HookFailed"/>. That holds for every exception, cancellation
/// too. What Invalidate and Close throw is only logged, since their connection ends in any case.
/// </summary>
public sealed class PoolHooks
{
    private readonly ImmutableArray<(HookKind Kind, ConnectionHook Hook)> _hooks = [];

    /// <summary>No hooks.</summary>
    public static PoolHooks None { get; } = new();

    /// <summary>These hooks and one more.</summary>
    public PoolHooks On(HookKind kind, ConnectionHook hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return new(_hooks.Add((kind, hook)));
    }

    /// <summary>These hooks, then the others.</summary>
    public PoolHooks And(PoolHooks others)
    {
        ArgumentNullException.ThrowIfNull(others);
        return new(_hooks.AddRange(others._hooks));
    }

    /// <summary>Whether there are hooks of a kind.</summary>
    public bool Has(HookKind kind) => _hooks.Any(hook => hook.Kind == kind);

    /// <summary>The hooks of a kind, in their order.</summary>
    internal IEnumerable<ConnectionHook> Of(HookKind kind) => _hooks.Where(hook => hook.Kind == kind).Select(hook => hook.Hook);

    private PoolHooks(ImmutableArray<(HookKind, ConnectionHook)> hooks) => _hooks = hooks;

    private PoolHooks() { }
}
