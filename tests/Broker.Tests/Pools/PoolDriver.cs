using System.Collections.Immutable;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Connections;
using Broker.Leases;
using Broker.Pools;
using Broker.Statements;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>
/// Plays everything around a pool's state: a clock, a budget, connections and callers. By itself it grants every permit, opens, closes
/// and answers pings at once; a test that wants to decide one of these switches it off. Holders of slots note what they are told, and do
/// nothing by themselves. After each step it checks what must always hold.
/// </summary>
internal sealed class PoolDriver
{
    private readonly Queue<IPoolEffect> _undone = new();
    private readonly HashSet<PermitId> _permits = [];
    private int _askedReserve;
    private TimeSpan? _wakeAt;
    private long _permit;
    private long _waiter;

    internal PoolDriver(string settings = "", ulong seed = 1)
        : this(PoolSettings.Parse(settings), seed)
    {
    }

    internal PoolDriver(PoolSettings settings, ulong seed = 1, bool firstConnectHook = false) =>
        State = new PoolState(new PoolId("orders", "app"), settings, new Dice(seed)) { FirstConnectDue = firstConnectHook };

    internal PoolState State { get; private set; }

    internal TimeSpan Now { get; private set; } = TimeSpan.FromHours(1);

    internal bool Grants { get; set; } = true;

    /// <summary>How many permits the budget has.</summary>
    internal int MostPermits { get; init; } = int.MaxValue;

    internal bool Opens { get; set; } = true;

    internal bool Closes { get; set; } = true;

    internal bool Pongs { get; set; } = true;

    /// <summary>Whether the test pumps by itself, as the actor does by a message of its own.</summary>
    internal bool PumpsLater { get; set; }

    internal List<IPoolEffect> Effects { get; } = [];

    /// <summary>What the errand line wants, when it is pumped.</summary>
    internal int TripsWanted { get; set; }

    internal List<ConnectionId> OnTrip { get; } = [];

    /// <summary>Each request with its one answer.</summary>
    internal Dictionary<WaiterId, IPoolEffect?> Requests { get; } = [];

    internal HashSet<WaiterId> Withdrawn { get; } = [];

    /// <summary>Who asked for a slot for a link.</summary>
    internal Dictionary<WaiterId, SlotHolder> AskedForLink { get; } = [];

    /// <summary>How many of its slots each holder still has to give back, as it counts.</summary>
    internal Dictionary<SlotHolder, SlotWish> Wanted { get; } = [];

    internal int PermitsHeld => _permits.Count;

    internal int Asked { get; private set; }

    /// <summary>How far beyond its limit the pool still is, since that was lowered.</summary>
    internal int BeyondLimit { get; private set; }

    internal IEnumerable<T> All<T>() => Effects.OfType<T>();

    internal int Open => State.Slots.All.Count(slot => slot.Phase is not SlotPhase.Opening);

    internal WaiterId Ask(
        TimeSpan? timeout = null, bool queueing = true, ImmutableArray<LeaseId>? held = null, string holder = "somebody",
            string purpose = "")
    {
        var id = new WaiterId(++_waiter);
        Requests.Add(id, null);
        Feed(new PoolEvents.AcquireRequested(id, Now + (timeout ?? State.Settings.AcquireTimeout), queueing, holder, purpose, held ?? []));
        return id;
    }

    internal WaiterId AskSlot(int holder = 1, TimeSpan? timeout = null)
    {
        var id = new WaiterId(++_waiter);
        Requests.Add(id, null);
        AskedForLink.Add(id, new(holder));
        Feed(new PoolEvents.SlotRequested(id, Now + (timeout ?? State.Settings.AcquireTimeout), new(holder)));
        return id;
    }

    internal SlotEffects.Lend[] AskSlots(int count, int holder = 1) =>
        [.. Enumerable.Range(0, count).Select(_ => AskSlot(holder)).ToArray().Select(SlotLent)];

    internal SlotEffects.Lend SlotLent(WaiterId waiter) => Assert.IsType<SlotEffects.Lend>(Requests[waiter]);

    internal void Name(SlotEffects.Lend slot) => Feed(new PoolEvents.SlotNamed(slot.Lease, Backend(slot.Connection)));

    internal void GiveBack(SlotEffects.Lend slot, Failure? failure = null) =>
        GiveBack(slot, new ReturnSlot(slot.Lease, CloseReason.IdleTimeout, Clean: true) { ConnectFailure = failure });

    internal void GiveBack(SlotEffects.Lend slot, ReturnSlot back)
    {
        var holder = AskedForLink[slot.Waiter];
        Wanted[holder] = Wanted.GetValueOrDefault(holder, SlotWish.None).CountedDown;
        Feed(new PoolEvents.SlotReturned(back, holder));
    }

    internal void HolderOfSlotsDies(int holder)
    {
        foreach (var (waiter, _) in AskedForLink.Where(asked => asked.Value.Number == holder))
        {
            Withdrawn.Add(waiter);
        }

        Wanted.Remove(new(holder));
        Feed(new PoolEvents.SlotHolderDied(new(holder)));
    }

    internal void Withdraw(WaiterId waiter)
    {
        Withdrawn.Add(waiter);
        Feed(new PoolEvents.AcquireWithdrawn(waiter, "withdrawn"));
    }

    internal PoolEffects.Lend Lent(WaiterId waiter) => Assert.IsType<PoolEffects.Lend>(Requests[waiter]);

    internal T Refused<T>(WaiterId waiter)
        where T : Failure => Assert.IsType<T>(Assert.IsType<PoolEffects.Refuse>(Requests[waiter]).Failure);

    internal bool Waits(WaiterId waiter) =>
        Requests[waiter] is null && (State.Line.Find(waiter) ?? State.LinkLine.Find(waiter)) is not null;

    internal PoolEffects.Lend[] AskMany(int count) => [.. Enumerable.Range(0, count).Select(_ => Ask()).ToArray().Select(Lent)];

    internal void Return(PoolEffects.Lend lent) => Feed(new ConnectionEvents.Returned(lent.Connection, lent.Lease));

    internal void Return(WaiterId waiter) => Return(Lent(waiter));

    private static PoolDefaults Defaults { get; } = new("read committed", false, false, "UTF8", true, false, TimeSpan.FromSeconds(1));

    internal void Opened(ConnectionId id) => Feed(new ConnectionEvents.Opened(id, Backend(id), Defaults));

    internal void ConnectFails(ConnectionId id, Failure? failure = null) =>
        Feed(new ConnectionEvents.ConnectFailed(id, failure ?? new ServerUnavailable(State.Pool, "db:5432", "connection refused")));

    internal void Breaks(ConnectionId id, CloseReason reason = CloseReason.Broken, bool clean = false) =>
        Feed(new ConnectionEvents.Closed(id, reason, clean, Backend(id)));

    internal void Closed(ConnectionId id) => Feed(new ConnectionEvents.Closed(id, CloseReason.Overflow, true, Backend(id)));

    internal void Pinged(ConnectionId id) => Feed(new ConnectionEvents.Pinged(id));

    internal void EndTrip(ConnectionId id)
    {
        OnTrip.Remove(id);
        Feed(new ConnectionEvents.TripEnded(id, null!));
    }

    /// <summary>The errand line takes what it can get, and says what it still wants.</summary>
    internal void Pump(TimeSpan? oldest = null)
    {
        var since = oldest ?? (State.Errands.Wanted > 0 ? State.Errands.Oldest : Now);
        while (TripsWanted > 0)
        {
            var (decision, taken) = State.TakeForTrip(since, Now);
            if (taken is { } connection)
            {
                TripsWanted--;
                OnTrip.Add(connection);
            }

            Follow(decision);
            if (taken is null)
            {
                break;
            }
        }

        Feed(new PoolEvents.ErrandsWaiting(TripsWanted, since));
    }

    internal void Grant(bool reserve = false) => Feed(new BudgetEvents.PermitGranted(NewPermit(), reserve));

    /// <summary>Answers one of the asks.</summary>
    internal void GrantNext(bool? reserve = null)
    {
        var ofReserve = reserve ?? _askedReserve > 0;
        Asked--;
        _askedReserve -= ofReserve ? 1 : 0;
        Grant(ofReserve);
    }

    internal void Feed(IPoolEvent happened)
    {
        BeyondLimit = happened is PoolEvents.SettingsChanged ? int.MaxValue : BeyondLimit;
        Follow(State.On(happened, Now));
    }

    internal void Feed(IConnectionEvent happened) => Follow(State.On(happened, Now));

    internal void Feed(IBudgetEvent happened) => Follow(State.On(happened, Now));

    /// <summary>Moves the clock, with a tick at each moment that was announced.</summary>
    internal void Advance(TimeSpan by)
    {
        var until = Now + by;
        var ticks = 0;
        while (_wakeAt is { } moment && moment <= until)
        {
            ticks = moment > Now ? 0 : ticks + 1;
            Assert.True(ticks < 100, "the pool wakes itself again and again and does nothing");
            Now = moment > Now ? moment : Now;
            _wakeAt = null;
            Feed(PoolEvents.Tick.Instance);
        }

        Now = until;
    }

    internal static BackendIdentity Backend(ConnectionId id) => new((int)id.Number, default, default, 1, "db:5432", 150000);

    private PermitId NewPermit()
    {
        var permit = new PermitId(++_permit);
        _permits.Add(permit);
        return permit;
    }

    private void Follow(PoolDecision decision)
    {
        State = decision.State;
        BeyondLimit = Math.Min(BeyondLimit,
            State.Settings.Limit is { } limit ? Math.Max(0, State.Slots.Counts.Limited + State.Asked - limit) : 0);
        foreach (var effect in decision.Effects)
        {
            Effects.Add(effect);
            _undone.Enqueue(effect);
            Answer(effect);
        }

        Invariants.Hold(this);
        while (_undone.TryDequeue(out var effect))
        {
            Play(effect);
        }
    }

    private void Answer(IPoolEffect effect)
    {
        switch (effect)
        {
            case PoolEffects.Lend lend:
                Assert.True(Requests[lend.Waiter] is null, $"{lend.Waiter} was answered twice");
                Assert.False(Withdrawn.Contains(lend.Waiter), $"{lend.Waiter} is dead and was given a connection");
                Requests[lend.Waiter] = lend;
                break;
            case SlotEffects.Lend lend:
                Assert.True(Requests[lend.Waiter] is null, $"{lend.Waiter} was answered twice");
                Assert.False(Withdrawn.Contains(lend.Waiter), $"{lend.Waiter} is dead and was given a slot");
                Requests[lend.Waiter] = lend;
                break;
            case SlotEffects.Want want:
                Wanted[want.Holder] = want.Wish;
                break;
            case PoolEffects.LendUndone undone:
                Requests[undone.Waiter] = null;
                break;
            case PoolEffects.Refuse refuse:
                Assert.True(Requests[refuse.Waiter] is null, $"{refuse.Waiter} was answered twice");
                Requests[refuse.Waiter] = refuse;
                break;
            case PoolEffects.WakeAt wake:
                _wakeAt = wake.Moment;
                break;
            case PoolEffects.AskPermits ask:
                Asked += ask.Wanted;
                _askedReserve += ask.Reserve ? ask.Wanted : 0;
                break;
            case PoolEffects.WithdrawPermits withdraw:
                Asked -= withdraw.Count;
                _askedReserve -= withdraw.Reserve ? withdraw.Count : 0;
                Assert.True(Asked >= 0, "more permits were withdrawn than asked for");
                break;
            case PoolEffects.ReleasePermit release:
                Assert.True(_permits.Remove(release.Permit), $"{release.Permit} was given back twice");
                break;
            case PoolEffects.ReleaseGhost release:
                Assert.True(_permits.Remove(release.Permit), $"{release.Permit} was given back twice");
                break;
        }
    }

    private void Play(IPoolEffect effect)
    {
        switch (effect)
        {
            case PoolEffects.AskPermits ask when Grants:
                // What was withdrawn meanwhile is not granted.
                for (var i = 0; i < ask.Wanted
                    && (ask.Reserve ? _askedReserve : Asked - _askedReserve) > 0
                    && PermitsHeld < MostPermits; i++)
                {
                    GrantNext(ask.Reserve);
                }

                break;
            case PoolEffects.ReleasePermit or PoolEffects.ReleaseGhost when Grants && MostPermits < int.MaxValue && Asked > 0:
                GrantNext();
                break;
            case PoolEffects.Open open when Opens:
                Opened(open.Connection);
                break;
            case PoolEffects.Close close when Closes:
                Feed(new ConnectionEvents.Closed(close.Connection, close.Reason, true, Backend(close.Connection)));
                break;
            case PoolEffects.Ping ping when Pongs:
                Pinged(ping.Connection);
                break;
            case PoolEffects.RefuseErrands:
                TripsWanted = 0;
                break;
            case PoolEffects.PumpErrands when !PumpsLater:
                Pump();
                break;
        }
    }
}
