using Broker.Budgets;
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
/// Leases, errands and links in any number and order, under any limit and budget. Leases are returned and trips end; holders of slots keep
/// them, unless they are told that others need them. Then nobody waits for ever.
/// </summary>
public sealed class WaitingEndsProperties
{
    [Property(MaxTest = 300)]
    public Property Nobody_waits_for_ever_where_holders_give_back_what_others_need() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ArrayOf(200).ToArbitrary(), static moves => new Scene(moves).Run());

    private sealed class Scene
    {
        private static readonly string[] Settings =
        [
            "size = 1, overflow = 0",
            "size = 2, overflow = 0",
            "size = 3, overflow = 2, min-idle = 2",
            "size = 4, overflow = 0, order = lifo, ping = on, ping-bypass = 0s",
            "size = 0",
            "kind = null, size = 2, overflow = 1",
            "kind = static",
        ];

        private readonly Queue<int> _moves;
        private readonly PoolDriver _pool;
        private readonly List<SlotEffects.Lend> _slots = [];
        private readonly Queue<PoolEffects.Lend> _leases = [];
        private int _seen;

        internal Scene(int[] moves)
        {
            _moves = new(moves);
            var settings = Settings[_moves.Dequeue() % Settings.Length] + ", acquire-timeout = 1h, reconnect { max-backoff = 1s }";
            var (permits, hook) = (1 + (_moves.Dequeue() % 6), _moves.Dequeue() % 3 == 0);
            _pool = new(PoolSettings.Parse(settings), (ulong)_moves.Dequeue(), hook) { MostPermits = permits };
        }

        internal void Run()
        {
            while (_moves.TryDequeue(out var move))
            {
                Move(move % 100, move / 100);
                Look();
            }

            for (var round = 0; SomebodyWaits(); round++)
            {
                Assert.True(round < 500, $"somebody waits for ever: {_pool.State}");
                Settle();
            }
        }

        private bool SomebodyWaits() =>
            _pool.TripsWanted > 0 || _pool.Requests.Any(request => request.Value is null && !_pool.Withdrawn.Contains(request.Key));

        /// <summary>What goes on by itself, once.</summary>
        private void Settle()
        {
            Look();
            if (_leases.TryDequeue(out var lease))
            {
                _pool.Return(lease);
            }

            if (_pool.OnTrip.Count > 0)
            {
                _pool.EndTrip(_pool.OnTrip[0]);
            }

            GiveBackWhatIsNeeded();
            WaitForOwn();
            _pool.Pump();
            _pool.Advance(TimeSpan.FromMilliseconds(25));
        }

        private void Move(int kind, int choice)
        {
            switch (kind)
            {
                case < 20: _pool.Ask(); break;
                case < 40: _pool.AskSlot(1 + (choice % 3)); break;
                case < 50: _pool.TripsWanted += choice % 3; _pool.Pump(); break;
                case < 60 when _leases.TryDequeue(out var lease): _pool.Return(lease); break;
                case < 70 when _pool.OnTrip.Count > 0: _pool.EndTrip(_pool.OnTrip[choice % _pool.OnTrip.Count]); break;
                case < 80 when _slots.Count > 0: EndLink(_slots[choice % _slots.Count], choice); break;
                case < 85: GiveBackWhatIsNeeded(); break;
                case < 88: _pool.Feed(new BudgetEvents.YieldAsked(choice % 3)); break;
                case < 90: _pool.Feed(new BudgetEvents.IdleWanted(choice % 3)); break;
                case < 92: _pool.Feed(new PoolEvents.Invalidated(Hard: false)); break;
                default: _pool.Advance(TimeSpan.FromMilliseconds(choice % 40)); break;
            }
        }

        /// <summary>Finds what was lent since the last look.</summary>
        private void Look()
        {
            for (; _seen < _pool.Effects.Count; _seen++)
            {
                switch (_pool.Effects[_seen])
                {
                    case PoolEffects.Lend lend: _leases.Enqueue(lend); break;
                    case SlotEffects.Lend lend: _slots.Add(lend); break;
                }
            }
        }

        private void EndLink(SlotEffects.Lend slot, int choice)
        {
            if (choice % 4 == 0)
            {
                _pool.Name(slot);
                return;
            }

            _slots.Remove(slot);
            _pool.GiveBack(slot, choice % 4 == 1 ? new ServerUnavailable(_pool.State.Pool, "db:5432", "connection refused") : null);
        }

        /// <summary>Whoever keeps its links, since nobody needs them, has them for those that it asked for more for.</summary>
        private void WaitForOwn()
        {
            foreach (var waiter in _pool.State.LinkLine.All.ToArray())
            {
                if (_pool.State.SlotHolders.TryGetValue(waiter.SlotHolder!.Value, out var held) && held.Told.Count == 0)
                {
                    _pool.Withdraw(waiter.Id);
                }
            }
        }

        private void GiveBackWhatIsNeeded()
        {
            foreach (var slot in _slots.ToArray())
            {
                if (_pool.Wanted.GetValueOrDefault(_pool.AskedForLink[slot.Waiter]).Count > 0)
                {
                    _slots.Remove(slot);
                    _pool.GiveBack(slot, new ReturnSlot(slot.Lease, CloseReason.Yielded, Clean: true));
                }
            }
        }
    }
}
