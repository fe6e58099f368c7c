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
        return !state.Serves || needPlaces <= places ? EverybodyServed : new Dealer(state, coming, places).Deal();
    }

    /// <summary>Deals out what there is. Mutable, and gone when it has.</summary>
    private sealed class Dealer(PoolState state, int coming, int places)
    {
        private readonly ImmutableArray<LeftOut>.Builder _left = ImmutableArray.CreateBuilder<LeftOut>();
        private int _coming = coming;
        private int _idle = state.Slots.Counts.Idle;
        private int _places = places;
        private int _toClose;

        internal Allotment Deal()
        {
            using var connections = state.TurnsOfConnections().GetEnumerator();
            var waiting = state.Line.Count + state.Errands.Wanted;
            var more = connections.MoveNext();
            foreach (var link in state.LinkLine.All)
            {
                while (more && connections.Current.IsBefore(Turn.Of(link)))
                {
                    more = Next();
                }

                DealTo(link);
            }

            while (more)
            {
                more = Next();
            }

            return new Allotment(_toClose, _left.ToImmutable());

            // What one of them does not get, no later one gets.
            bool Next()
            {
                if (DealToConnection())
                {
                    waiting--;
                    return connections.MoveNext();
                }

                _left.Add(new LeftOut(null, waiting, connections.Current.Since));
                return false;
            }
        }

        private bool DealToConnection()
        {
            if (_coming > 0)
            {
                _coming--;
                _idle = Math.Max(0, _idle - 1);
                return true;
            }

            return TakePlace();
        }

        private void DealTo(Waiter link)
        {
            if (TakePlace())
            {
                return;
            }

            if (_idle > 0)
            {
                _idle--;
                _coming--;
                _toClose++;
                return;
            }

            _left.Add(new LeftOut(link.SlotHolder, 1, link.Since));
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
}

/// <summary>Some that get nothing of what there is.</summary>
/// <param name="Holder">Who asks for a slot for a link; null for leases and errands.</param>
/// <param name="Count">How many they are.</param>
/// <param name="Since">Since when the oldest of them waits.</param>
internal readonly record struct LeftOut(SlotHolder? Holder, int Count, TimeSpan Since);
