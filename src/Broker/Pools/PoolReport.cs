using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Diagnostics;

namespace Broker.Pools;

/// <summary>What is measured and logged of a pool's decisions and of its connections. Owned by the pool's actor.</summary>
internal sealed class PoolReport(PoolPlan plan, PoolTelemetry telemetry, ILoggingAdapter log)
{
    /// <summary>The pool does this now.</summary>
    internal void Of(IPoolEffect effect, LeaseDesk desk)
    {
        switch (effect)
        {
            case PoolEffects.Lend lend: Waited(lend.Lease, lend.Waiter, lend.Waited, desk); break;
            case PoolEffects.LeaseEnded ended: telemetry.LeaseUsed(ended.Held); break;
            // How long a slot is lent is no caller's time of use.
            case SlotEffects.Lend lend: Waited(lend.Lease, lend.Waiter, lend.Waited, desk); break;
            case SlotEffects.Revoke: telemetry.LeaseRevoked(); break;
            case SlotEffects.LinkClosed closed: telemetry.ConnectionClosed(closed.Reason, closed.Clean); break;
            case SlotEffects.LinkNotOpened failed: telemetry.ConnectFailed(failed.Failure); break;
            case PoolEffects.Refuse refuse: telemetry.LeaseRefused(refuse.Failure); break;
            case PoolEffects.Revoke: telemetry.LeaseRevoked(); break;
            case PoolEffects.Connected connected: telemetry.ConnectionOpened(connected.Took); break;
            case PoolEffects.ConnectsFailing failing:
                log.Warning("Pool {Pool} cannot connect ({InARow} in a row): {Reason}", plan.Pool, failing.InARow, failing.Failure.Message);
                break;
            case PoolEffects.ReportLeak leak:
                telemetry.LeakSeen();
                log.Warning("A lease of pool {Pool} is out for long: {Lease}", plan.Pool, leak.Lease);
                break;
        }
    }

    /// <summary>A connection is gone, or never came.</summary>
    internal void Of(IConnectionEvent happened)
    {
        switch (happened)
        {
            case ConnectionEvents.Closed closed:
                telemetry.ConnectionClosed(closed.Reason, closed.Clean);
                if (closed.Reason == CloseReason.Breach)
                {
                    telemetry.BreachSeen();
                }
                break;
            case ConnectionEvents.ConnectFailed failed: telemetry.ConnectFailed(failed.Failure); break;
        }
    }

    /// <summary>A lease was found by the garbage collector.</summary>
    internal void Forgotten(LeaseStatus leaked)
    {
        telemetry.LeakSeen(LeakCause.Forgotten);
        log.Warning("Lease {Lease} of pool {Pool} was never returned: taken by {Holder} {Held} ago for '{Purpose}'",
            leaked.Lease, plan.Pool, leaked.Holder, leaked.Held, leaked.Purpose);
    }

    private void Waited(LeaseId lease, WaiterId waiter, TimeSpan waited, LeaseDesk desk)
    {
        telemetry.LeaseWaited(waited);
        if (waited > plan.Log.SlowAcquire)
        {
            log.Warning("Lease {Lease} of pool {Pool} was waited for {Waited} by {Holder}", lease, plan.Pool, waited, desk.NameOf(waiter));
        }
    }
}
