using Akka.Actor;
using Broker.Leases;

namespace Broker.Pools;

/// <summary>
/// What the pool's actor does about slots that are lent for links: words of their holders become events of the pool's state, and its
/// effects words to them. Owned by the pool's actor.
/// </summary>
internal sealed class SlotDesk
{
    private readonly PoolPlans _plans;
    private readonly LeaseDesk _desk;
    private readonly long _started;

    /// <param name="plans">The pool's.</param>
    /// <param name="desk">The pool's.</param>
    /// <param name="started">When the moments of the pool began, by its clock.</param>
    internal SlotDesk(PoolPlans plans, LeaseDesk desk, long started) => (_plans, _desk, _started) = (plans, desk, started);

    /// <summary>Takes a request in.</summary>
    internal PoolEvents.SlotRequested Enter(AcquireSlot acquire, IActorRef sender, TimeSpan now)
    {
        var (waiter, holder) = _desk.Enter(acquire, sender);
        return new(waiter, now.After(acquire.Wait ?? _plans.Now.Settings.AcquireTimeout), holder);
    }

    /// <summary>A slot is given back.</summary>
    internal PoolEvents.SlotReturned Back(ReturnSlot back, IActorRef sender) => new(back, _desk.NumberOf(sender));

    /// <summary>Tells holders what the pool wants done.</summary>
    internal void Do(ISlotEffect effect, IActorRef pool)
    {
        switch (effect)
        {
            case SlotEffects.Lend e:
                var holder = _desk.Lend(e.Waiter, e.Lease);
                holder.Ref.Tell(new SlotLent(_plans.Now.Pool, e.Lease, e.Connection, holder.Request), pool);
                break;
            case SlotEffects.Revoke e: _desk.HolderOf(e.Lease)?.Ref.Tell(new SlotRevoked(e.Lease, e.Reason), pool); break;
            case SlotEffects.Ended e: _desk.End(e.Lease); break;
            case SlotEffects.Want e:
                _desk.Numbered(e.Holder)?.Tell(new SlotsWanted(_plans.Now.Pool, e.Wish.Count, Stamp(e.Wish.Since)), pool);
                break;
            case SlotEffects.Outdate e: _desk.Numbered(e.Holder)?.Tell(new SlotsOutdated(_plans.Now.Pool, e.Reason), pool); break;
            case SlotEffects.LinkClosed or SlotEffects.LinkNotOpened: break;
            default: throw new InvalidOperationException($"unknown effect {effect}");
        }
    }

    /// <summary>A moment of the pool as the clock says it.</summary>
    private long Stamp(TimeSpan since) => since == SlotWish.BeforeAll ? long.MinValue
        : since == SlotWish.AfterAll ? long.MaxValue
        : _started + (long)((Int128)since.Ticks * _plans.Now.Time.TimestampFrequency / TimeSpan.TicksPerSecond);
}
