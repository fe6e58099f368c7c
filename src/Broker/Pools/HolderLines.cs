using System.Collections.Immutable;

namespace Broker.Pools;

/// <summary>
/// Requests for slots for links, a line for each holder: one holder may have thousands, of which no decision looks at more than it can
/// serve.
/// </summary>
internal sealed class HolderLines
{
    private readonly ImmutableSortedDictionary<SlotHolder, WaitingLine> _lines;

    private HolderLines(ImmutableSortedDictionary<SlotHolder, WaitingLine> lines, int count) => (_lines, Count) = (lines, count);

    internal static HolderLines Empty { get; } = new(ImmutableSortedDictionary<SlotHolder, WaitingLine>.Empty, 0);

    internal int Count { get; }

    internal bool IsEmpty => Count == 0;

    /// <summary>The one that has waited longest.</summary>
    internal Waiter? First => _lines.IsEmpty ? null : _lines.Values.Select(line => line.First!).MinBy(waiter => waiter.Id);

    /// <summary>Those of each holder, in order.</summary>
    internal IEnumerable<(SlotHolder Holder, WaitingLine Line)> ByHolder => _lines.Select(line => (line.Key, line.Value));

    /// <summary>All, the oldest first.</summary>
    internal IEnumerable<Waiter> All => _lines.Values.SelectMany(line => line.All).OrderBy(waiter => waiter.Id);

    /// <summary>The next deadline; never, when nobody waits.</summary>
    internal TimeSpan NextDeadline => _lines.Values.Aggregate(Moment.Never, (next, line) => Moment.Earlier(next, line.NextDeadline));

    internal WaitingLine Of(SlotHolder holder) => _lines.GetValueOrDefault(holder, WaitingLine.Empty);

    internal Waiter? Find(WaiterId id) => _lines.Values.Select(line => line.Find(id)).FirstOrDefault(waiter => waiter is not null);

    /// <summary>One whose deadline has come.</summary>
    internal Waiter? FirstDue(TimeSpan now) =>
        _lines.Values.Select(line => line.FirstDue(now)).FirstOrDefault(waiter => waiter is not null);

    internal HolderLines Add(Waiter waiter)
    {
        var holder = waiter.SlotHolder!.Value;
        return new(_lines.SetItem(holder, Of(holder).Add(waiter)), Count + 1);
    }

    internal HolderLines Remove(Waiter waiter)
    {
        var holder = waiter.SlotHolder!.Value;
        var line = Of(holder).Remove(waiter);
        return new(line.IsEmpty ? _lines.Remove(holder) : _lines.SetItem(holder, line), Count - 1);
    }

    /// <summary>Without those of one holder.</summary>
    internal HolderLines Without(SlotHolder holder) => new(_lines.Remove(holder), Count - Of(holder).Count);
}
