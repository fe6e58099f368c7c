using System.Collections.Immutable;
using Broker.Client.Protocol;

namespace Broker.Pools;

/// <summary>
/// All slots of a pool, with their counts and the order of the idle ones kept at hand, so that no decision has to look at every slot.
/// </summary>
internal sealed class Slots
{
    private readonly ImmutableDictionary<ConnectionId, Slot> _all;
    private readonly ImmutableSortedSet<IdleKey> _idle;

    private Slots(ImmutableDictionary<ConnectionId, Slot> all, ImmutableSortedSet<IdleKey> idle, SlotCounts counts, Slot? reserve)
    {
        _all = all;
        _idle = idle;
        Counts = counts;
        Reserve = reserve;
    }

    internal static Slots Empty { get; } = new(ImmutableDictionary.Create<ConnectionId, Slot>(), [], default, null);

    internal SlotCounts Counts { get; }

    /// <summary>The one that serves errands only, when it is there.</summary>
    internal Slot? Reserve { get; }

    internal IEnumerable<Slot> All => _all.Values;

    internal int Count => _all.Count;

    internal Slot? Find(ConnectionId id) => _all.GetValueOrDefault(id);

    /// <summary>The idle ones, the reserve left out, in the order in which they became idle.</summary>
    internal IEnumerable<Slot> IdleInOrder => _idle.Select(key => _all[key.Id]);

    /// <summary>The idle ones, the reserve left out, last returned first.</summary>
    internal IEnumerable<Slot> IdleNewestFirst => _idle.Reverse().Select(key => _all[key.Id]);

    /// <summary>The idle one that returned first.</summary>
    internal Slot? OldestIdle => _idle.IsEmpty ? null : _all[_idle.Min.Id];

    /// <summary>The idle one that returned last.</summary>
    internal Slot? NewestIdle => _idle.IsEmpty ? null : _all[_idle.Max.Id];

    /// <summary>Adds a slot, or replaces what was known of it.</summary>
    internal Slots Put(Slot slot)
    {
        var before = Find(slot.Id);
        return With(before, slot, _all.SetItem(slot.Id, slot));
    }

    internal Slots Remove(Slot slot) => _all.TryGetValue(slot.Id, out var before) ? With(before, null, _all.Remove(slot.Id)) : this;

    private Slots With(Slot? before, Slot? after, ImmutableDictionary<ConnectionId, Slot> all)
    {
        if ((before ?? after)!.Reserve)
        {
            return new Slots(all, _idle, Counts, after);
        }

        var counts = Counts;
        var idle = _idle;
        if (before is not null)
        {
            counts = counts.Plus(before, -1);
            idle = before.Phase == SlotPhase.Idle ? idle.Remove(KeyOf(before)) : idle;
        }

        if (after is not null)
        {
            counts = counts.Plus(after, 1);
            idle = after.Phase == SlotPhase.Idle ? idle.Add(KeyOf(after)) : idle;
        }

        return new Slots(all, idle, counts, Reserve);
    }

    private static IdleKey KeyOf(Slot slot) => new(slot.IdleStamp, slot.Id);

    private readonly record struct IdleKey(long Stamp, ConnectionId Id) : IComparable<IdleKey>
    {
        public int CompareTo(IdleKey other) => Stamp.CompareTo(other.Stamp);
    }
}
