using Broker.Client.Protocol.Failures;

namespace Broker.Client.Sessions;

/// <summary>Calls the hooks of one session, and knows whether its caller is inside one.</summary>
internal sealed class Hooking
{
    // Of all sessions: a hook of one may use another, whose hooks may use the first.
    private static readonly AsyncLocal<Running?> Inside = new();

    private readonly HoldingZone _zone;
    private readonly SessionLink _link;

    internal Hooking(HoldingZone zone, SessionLink link) => (_zone, _link) = (zone, link);

    private sealed class Running(Hooking of, string hook, Running? outer)
    {
        private volatile bool _over;

        internal Hooking Of => of;

        internal string Hook => hook;

        internal Running? Outer => outer;

        /// <summary>A flow that the hook has started may go on when the hook has returned.</summary>
        internal bool IsOver => _over;

        internal void End() => _over = true;
    }

    /// <summary>Refuses a caller that is inside a hook of this session: it would wait for itself.</summary>
    internal void RefuseReentry()
    {
        for (var running = Inside.Value; running is not null; running = running.Outer)
            if (!running.IsOver && ReferenceEquals(running.Of, this))
                throw new BrokerException(new SessionReentered(_link.Session, running.Hook));
    }

    /// <summary>Calls a hook, if there is one.</summary>
    /// <param name="hook">The hook.</param>
    /// <param name="name">Its name.</param>
    /// <param name="committed">Whether the transaction is committed by now.</param>
    /// <param name="cancellation">The caller's.</param>
    /// <exception cref="BrokerException">It threw: <c>SessionHookFailed</c>.</exception>
    internal async ValueTask CallAsync(
        Func<HookedSession, CancellationToken, ValueTask>? hook, string name, bool committed, CancellationToken cancellation)
    {
        if (hook is null)
            return;
        var given = new HookedSession(_zone, _link.Session);
        // What an async method sets in its flow ends with it.
        var running = Inside.Value = new(this, name, Inside.Value);
        try
        {
            await hook(given, cancellation).ConfigureAwait(false);
        }
        catch (BrokerException refused) when (refused.Failure is SessionReentered && !committed)
        {
            throw;
        }
        catch (Exception exception)
        {
            throw new BrokerException(new SessionHookFailed(_link.Session, name, exception.Message, committed), exception);
        }
        finally
        {
            given.End();
            running.End();
        }
    }
}
