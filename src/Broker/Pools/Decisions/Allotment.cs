using System.Collections.Immutable;

namespace Broker.Pools.Decisions;

/// <summary>
/// What those who wait get if nothing comes back, the oldest first. A lease or an errand gets a connection that is there or on its way,
/// else a place for a new one. A link gets a place, else that of an idle connection, which is closed for it.
/// </summary>
/// <param name="ToClose">How many idle connections have their places taken by links.</param>
/// <param name="Left">Who gets nothing.</param>
internal readonly record struct Allotment(int ToClose, ImmutableArray<LeftOut> Left)
{
    private static readonly Allotment EverybodyServed = new(0, []);

    internal static Allotment Of(PoolState state, TimeSpan now)
    {
        var places = state.Places(now);
        var coming = state.ConnectionsComing();
        var needPlaces = Math.Max(0, state.Line.Count + state.Errands.Wanted - coming) + state.LinkLine.Count;
        return !state.Serves || needPlaces <= places ? EverybodyServed : new Dealer(coming, state.Slots.Counts.Idle, places).Deal(state);
    }

    /// <summary>Deals out what there is, and looks at no more who wait than that. Mutable, and gone when it has.</summary>
    private sealed class Dealer(int coming, int idle, int places)
    {
        private int _coming = coming;
        private int _idle = idle;
        private int _places = places;
        private int _toClose;

        internal Allotment Deal(PoolState state)
        {
            Queue[] queues =
            [
                new(null, state.TurnsOfConnections(), state.Line.Count + state.Errands.Wanted),
                .. state.LinkLine.ByHolder.Select(of => new Queue(of.Holder, of.Line.All.Select(Turn.Of), of.Line.Count)),
            ];
            while (queues.Where(queue => !queue.IsOver).MinBy(queue => queue.Next) is { } queue)
            {
                if (queue.Holder is null ? DealToConnection() : DealToLink())
                {
                    queue.Served();
                }
                else
                {
                    // What one of them does not get, no later one of them gets.
                    queue.IsOver = true;
                }
            }

            return new(_toClose,
                [.. queues.Where(queue => queue.Left > 0).Select(queue => new LeftOut(queue.Holder, queue.Left, queue.Next.Since))]);
        }

        private bool DealToConnection()
        {
            if (_coming == 0)
            {
                return TakePlace();
            }

            _coming--;
            _idle = Math.Max(0, _idle - 1);
            return true;
        }

        private bool DealToLink()
        {
            if (TakePlace())
            {
                return true;
            }

            if (_idle == 0)
            {
                return false;
            }

            _idle--;
            _coming--;
            _toClose++;
            return true;
        }

        private bool TakePlace()
        {
            if (_places == 0)
            {
                return false;
            }

            _places--;
            return true;
        }
    }

    /// <summary>Those of one kind that wait, the oldest first.</summary>
    private sealed class Queue
    {
        private readonly IEnumerator<Turn> _turns;

        internal Queue(SlotHolder? holder, IEnumerable<Turn> turns, int count)
        {
            (Holder, Left, _turns) = (holder, count, turns.GetEnumerator());
            IsOver = !_turns.MoveNext();
        }

        /// <summary>Whose links they want; null for leases and errands.</summary>
        internal SlotHolder? Holder { get; }

        internal int Left { get; private set; }

        internal bool IsOver { get; set; }

        internal Turn Next => _turns.Current;

        internal void Served()
        {
            Left--;
            IsOver = !_turns.MoveNext();
        }
    }
}

/// <summary>Some that get nothing of what there is.</summary>
/// <param name="Holder">Who asks for slots for links; null for leases and errands.</param>
/// <param name="Count">How many they are.</param>
/// <param name="Since">Since when the oldest of them waits.</param>
internal readonly record struct LeftOut(SlotHolder? Holder, int Count, TimeSpan Since);
