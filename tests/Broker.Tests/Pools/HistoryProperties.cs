using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Connections;
using Broker.Leases;
using Broker.Pools;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>
/// Random histories: callers, budget, connections, errands, operators and the clock do anything they may do, in any order. After each step
/// <see cref="Invariants"/> hold; at the end, when everybody has given back what they had, nothing is left over.
/// </summary>
public sealed class HistoryProperties
{
    [Property(MaxTest = 400)]
    public Property Any_history_keeps_the_rules_and_leaves_nothing_behind() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ArrayOf(300).ToArbitrary(), Run);

    internal static void Run(int[] moves)
    {
        var history = new History(moves);
        history.Play();
        history.Finish();
    }

    private sealed class History
    {
        private static readonly PoolSettings[] Settings = [.. new[]
        {
            "size = 1, overflow = 0, acquire-timeout = 200ms",
            "size = 2, overflow = 1, ping = off, max-lease = 500ms, leak-threshold = 100ms",
            "size = 3, overflow = 2, ping-bypass = 0s, min-idle = 2, idle-timeout = 1s, keepalive = 1s, keepalive-limit = 1",
            "size = 2, overflow = -1, order = lifo, recycle-after = 1s, recycle-jitter = 0.5",
            "size = 4, overflow = 0, max-waiting = 5, shed { target = 20ms, interval = 100ms }",
            "kind = static, self-starved = wait",
            "kind = assertion",
            "size = 3, overflow = 0, suspended = refuse",
            "size = 0, min-idle = 1",
        }.Select(PoolSettings.Parse)];

        private static readonly PoolSettings[] Queues = [.. Settings.Where(settings => settings.Kind == PoolKind.Queue)];

        private readonly Queue<int> _moves;
        private readonly PoolDriver _pool;

        internal History(int[] moves)
        {
            _moves = new Queue<int>(moves);
            var settings = Settings[moves[0] % Settings.Length];
            _pool = new PoolDriver(moves[1] % 8 == 0 ? settings with { Kind = PoolKind.Null } : settings, (ulong)moves[2],
                firstConnectHook: moves[7] % 3 == 0)
            {
                Grants = moves[3] % 2 == 0,
                Opens = moves[4] % 2 == 0,
                Closes = moves[5] % 2 == 0,
                Pongs = moves[6] % 2 == 0,
            };
        }

        internal void Play()
        {
            while (_moves.TryDequeue(out var move))
            {
                Move(move % 100, move / 100);
            }
        }

        internal void Finish()
        {
            _pool.TripsWanted = 0;
            _pool.Pump();
            _pool.Feed(new PoolEvents.Stop(Drain: _moves.Count % 2 == 0));
            foreach (var slot in _pool.State.Slots.All.ToArray())
            {
                End(slot);
            }

            Assert.Equal(0, _pool.PermitsHeld);
            Assert.Equal(0, _pool.Asked);
            Assert.Equal(0, _pool.State.Slots.Count);
            Assert.Single(_pool.All<PoolEffects.Stopped>());
            Assert.All(_pool.Requests,
                request => Assert.True(request.Value is not null || _pool.Withdrawn.Contains(request.Key), $"{request.Key} has no answer"));
            var ended = _pool.All<PoolEffects.LeaseEnded>().Select(end => end.Lease).ToArray();
            Assert.Equal(
                _pool.All<SlotEffects.Lend>().Select(lend => lend.Lease).Order(LeaseOrder),
                _pool.All<SlotEffects.Ended>().Select(end => end.Lease).Order(LeaseOrder));
            Assert.Empty(_pool.State.SlotHolders);
            var undone = _pool.All<PoolEffects.LendUndone>().Select(undone => undone.Lease);
            Assert.Equal(_pool.All<PoolEffects.Lend>().Select(lend => lend.Lease).Order(LeaseOrder),
                ended.Concat(undone).Order(LeaseOrder));
        }

        private static readonly Comparer<LeaseId> LeaseOrder = Comparer<LeaseId>.Create((one, other) => one.Number.CompareTo(other.Number));

        private void End(Slot slot)
        {
            // A connection that is told to close does so by itself, or at our word.
            switch (_pool.State.Slots.Find(slot.Id))
            {
                case { IsForLink: true } link:
                    _pool.GiveBack(LendingOf(link));
                    return;
                case { Lending: { } lending } lent:
                    _pool.Feed(new ConnectionEvents.Returned(lent.Id, lending.Lease));
                    break;
                case { Phase: SlotPhase.Busy } busy:
                    _pool.EndTrip(busy.Id);
                    break;
            }

            if (_pool.State.Slots.Find(slot.Id) is { } left)
            {
                _pool.Closed(left.Id);
            }
        }

        private void Move(int kind, int choice)
        {
            switch (kind)
            {
                case < 8:
                    _pool.AskSlot(1 + (choice % 3), TimeSpan.FromMilliseconds(choice % 300));
                    break;
                case < 25:
                    _pool.Ask(TimeSpan.FromMilliseconds(choice % 300), queueing: choice % 7 != 0, held: HeldBySome(choice),
                        holder: "caller");
                    break;
                case < 35 when PickLink(choice) is { } link:
                    MoveLink(link, choice);
                    break;
                case < 45 when Pick(SlotPhase.Lent, choice) is { } lent:
                    _pool.Feed(new ConnectionEvents.Returned(lent.Id, lent.Lending!.Lease));
                    break;
                case < 48 when Pick(SlotPhase.Lent, choice) is { } lent:
                    Lose(lent, choice);
                    break;
                case < 50 when Pick(SlotPhase.Lent, choice) is { } lent:
                    Tell(lent.Lending!.Lease, choice);
                    break;
                case < 52 when Pick(SlotPhase.Detached, choice) is { Lending: { } lending } detached:
                    _pool.Feed(new ConnectionEvents.Returned(detached.Id, lending.Lease));
                    break;
                case < 56 when _pool.State.Line.All.Concat(_pool.State.LinkLine.All).ToArray() is { Length: > 0 } line:
                    _pool.Withdraw(line[choice % line.Length].Id);
                    break;
                case < 62:
                    _pool.TripsWanted = choice % 4;
                    _pool.Pump(_pool.Now - TimeSpan.FromMilliseconds(choice % 50));
                    break;
                case < 70 when _pool.OnTrip.Count > 0:
                    var trip = _pool.OnTrip[choice % _pool.OnTrip.Count];
                    if (choice % 10 == 0)
                    {
                        _pool.OnTrip.Remove(trip);
                        _pool.Breaks(trip);
                    }
                    else
                    {
                        _pool.EndTrip(trip);
                    }

                    break;
                case < 75 when _pool.Asked > 0:
                    _pool.GrantNext();
                    break;
                case < 80 when Pick(SlotPhase.Opening, choice) is { } opening:
                    Connect(opening, choice);
                    break;
                case < 84 when Pick(SlotPhase.Closing, choice) is { } closing:
                    _pool.Closed(closing.Id);
                    break;
                case < 88 when Pick(SlotPhase.Pinging, choice) is { } pinging:
                    if (choice % 3 == 0)
                    {
                        _pool.Breaks(pinging.Id, CloseReason.PingFailed);
                    }
                    else
                    {
                        _pool.Pinged(pinging.Id);
                    }

                    break;
                case < 90 when Pick(SlotPhase.Idle, choice) is { } idle:
                    _pool.Breaks(idle.Id, clean: choice % 2 == 0);
                    break;
                case < 91:
                    _pool.Feed(new PoolEvents.Invalidated(choice % 2 == 0));
                    break;
                case < 92:
                    _pool.Feed(choice % 4 == 0 ? PoolEvents.Suspended.Instance : PoolEvents.Resumed.Instance);
                    break;
                case < 93:
                    _pool.Feed(choice % 2 == 0 ? new BudgetEvents.YieldAsked(choice % 3) : new BudgetEvents.IdleWanted(choice % 3));
                    break;
                case < 94 when choice % 3 == 0:
                    _pool.HolderOfSlotsDies(1 + (choice / 3 % 3));
                    break;
                case < 94 when choice % 3 == 1 && _pool.State.Settings.Kind == PoolKind.Queue:
                    _pool.Feed(new PoolEvents.SettingsChanged(Queues[choice / 3 % Queues.Length], Outdates: choice % 2 == 0));
                    break;
                case < 95 when choice % 4 == 0:
                    _pool.Feed(PoolEvents.WarmUp.Instance);
                    break;
                default:
                    _pool.Advance(TimeSpan.FromMilliseconds(choice % 100));
                    break;
            }
        }

        private LeaseId[] LeasesOut() =>
            [.. _pool.State.Slots.All.Where(slot => slot.Phase == SlotPhase.Lent && !slot.IsForLink).Select(slot => slot.Lending!.Lease)];

        private System.Collections.Immutable.ImmutableArray<LeaseId>? HeldBySome(int choice) =>
            choice % 5 == 0 && LeasesOut() is { Length: > 0 } leases ? [leases[choice % leases.Length]] : null;

        private Slot? Pick(SlotPhase phase, int choice)
        {
            var slots = _pool.State.Slots.All.Where(slot => slot.Phase == phase && !slot.IsForLink).OrderBy(slot => slot.Id.Number)
                .ToArray();
            return slots.Length == 0 ? null : slots[choice % slots.Length];
        }

        private Slot? PickLink(int choice)
        {
            var links = _pool.State.Slots.All.Where(slot => slot.IsForLink).OrderBy(slot => slot.Id.Number).ToArray();
            return links.Length == 0 ? null : links[choice % links.Length];
        }

        private SlotEffects.Lend LendingOf(Slot link) => _pool.All<SlotEffects.Lend>().Single(lend => lend.Lease == link.Lending!.Lease);

        private void MoveLink(Slot link, int choice)
        {
            var lending = LendingOf(link);
            switch (choice % 7)
            {
                case 0:
                    _pool.GiveBack(lending, new ServerUnavailable(_pool.State.Pool, "db:5432", "connection refused"));
                    break;
                case 1:
                    _pool.GiveBack(lending, new LoginRefused(_pool.State.Pool, "db", "28P01", "no"));
                    break;
                case 2:
                    _pool.GiveBack(lending, new ReturnSlot(lending.Lease, CloseReason.Broken, Clean: false));
                    break;
                case 3:
                    _pool.Withdraw(lending.Waiter);
                    break;
                case 4:
                    _pool.GiveBack(lending);
                    _pool.GiveBack(lending);
                    break;
                default:
                    _pool.Name(lending);
                    break;
            }
        }

        private void Connect(Slot opening, int choice)
        {
            switch (choice % 8)
            {
                case 0:
                    _pool.ConnectFails(opening.Id);
                    break;
                case 1:
                    _pool.ConnectFails(opening.Id, new LoginRefused(_pool.State.Pool, "db", "28P01", "no"));
                    break;
                case 2:
                    _pool.ConnectFails(opening.Id, new HookFailed(_pool.State.Pool, "connect", "no"));
                    break;
                default:
                    _pool.Opened(opening.Id);
                    break;
            }
        }

        private void Lose(Slot lent, int choice)
        {
            if (choice % 2 == 0)
            {
                _pool.Breaks(lent.Id, clean: choice % 3 == 0);
                return;
            }

            // What could not be lent was not lent: the holder never heard of it.
            Failure failure = choice % 3 == 0
                ? new HookFailed(_pool.State.Pool, "checkout", "no")
                : new ConnectionLost(_pool.State.Pool, "reset");
            _pool.Feed(new ConnectionEvents.LendFailed(lent.Id, lent.Lending!.Lease, failure));
            _pool.Closed(lent.Id);
        }

        private void Tell(LeaseId lease, int choice)
        {
            switch (choice % 3)
            {
                case 0:
                    _pool.Feed(new PoolEvents.LeaseDetached(lease));
                    break;
                case 1:
                    _pool.Feed(new PoolEvents.LeaseInvalidated(lease, choice % 2 == 0));
                    break;
                default:
                    _pool.Withdrawn.Add(_pool.State.Slots.All.Single(slot => slot.Lending?.Lease == lease).Lending!.Waiter.Id);
                    _pool.Feed(new PoolEvents.HolderDied(lease));
                    break;
            }
        }
    }
}
