using Broker.Client.Protocol;
using Broker.Client.Protocol.Values;
using Nito.Collections;

namespace Broker.Errands;

/// <summary>
/// Errands that wait for a trip of one kind, in the order in which they came, apart by context since only equal contexts share a trip.
/// Mutable: it belongs to the one actor that owns the line, and an immutable queue would cost more than everything else that an errand
/// does.
/// </summary>
internal sealed class ErrandQueue
{
    private readonly Deque<Errand> _plain = [];
    private readonly Dictionary<CallerContext, Deque<Errand>> _byContext = [];

    /// <param name="lane">Which lane their trips keep busy.</param>
    internal ErrandQueue(TripLane lane) => Lane = lane;

    /// <summary>Which lane their trips keep busy.</summary>
    internal TripLane Lane { get; }

    /// <summary>How many wait.</summary>
    internal int Count { get; private set; }

    /// <summary>The errand that has waited longest; null when none waits.</summary>
    internal Errand? Oldest => OldestLine() is { Count: > 0 } line ? line[0] : null;

    /// <summary>Puts an errand at the end of the line, or, when it must run again, in front of all that came after it.</summary>
    internal void Add(Errand errand)
    {
        var line = LineOf(errand.Request.Context);
        if (errand.RunsAgain)
        {
            var place = 0;
            while (place < line.Count && line[place].Arrived <= errand.Arrived)
            {
                place++;
            }
            line.Insert(place, errand);
        }
        else
        {
            line.AddToBack(errand);
        }
        Count++;
    }

    /// <summary>Takes the errand that has waited longest.</summary>
    internal void TakeOne(List<Errand> into)
    {
        if (OldestLine() is { Count: > 0 } line)
        {
            into.Add(line.RemoveFromFront());
            Count--;
        }
        Tidy();
    }

    /// <summary>Takes from the front of the line that has waited longest, as long as <paramref name="take"/> agrees.</summary>
    /// <param name="into">Where they go.</param>
    /// <param name="take">Whether this errand may go too; asked in order.</param>
    internal void TakeWhile(List<Errand> into, Func<Errand, bool> take)
    {
        var line = OldestLine();
        while (line is { Count: > 0 } && take(line[0]))
        {
            into.Add(line.RemoveFromFront());
            Count--;
        }
        Tidy();
    }

    /// <summary>Takes out what <paramref name="leaves"/> says, wherever it stands.</summary>
    internal void RemoveAll(List<Errand> into, Func<Errand, bool> leaves)
    {
        RemoveFrom(_plain, into, leaves);
        foreach (var line in _byContext.Values)
        {
            RemoveFrom(line, into, leaves);
        }
        Tidy();
    }

    /// <summary>Takes out the errand of this id; null when it is not here.</summary>
    internal Errand? Withdraw(ErrandId id)
    {
        var found = new List<Errand>(1);
        RemoveAll(found, errand => errand.Request.Id == id);
        return found.Count == 0 ? null : found[0];
    }

    private void RemoveFrom(Deque<Errand> line, List<Errand> into, Func<Errand, bool> leaves)
    {
        for (var i = line.Count - 1; i >= 0; i--)
        {
            if (leaves(line[i]))
            {
                into.Add(line[i]);
                line.RemoveAt(i);
                Count--;
            }
        }
    }

    private Deque<Errand> LineOf(CallerContext context)
    {
        if (context.IsEmpty)
        {
            return _plain;
        }
        if (!_byContext.TryGetValue(context, out var line))
        {
            _byContext[context] = line = [];
        }
        return line;
    }

    private Deque<Errand> OldestLine()
    {
        var oldest = _plain;
        foreach (var line in _byContext.Values)
        {
            if (line.Count > 0 && (oldest.Count == 0 || line[0].Arrived < oldest[0].Arrived))
            {
                oldest = line;
            }
        }
        return oldest;
    }

    private void Tidy()
    {
        if (_byContext.Count > 0)
        {
            foreach (var (context, line) in _byContext)
            {
                if (line.Count == 0)
                {
                    _byContext.Remove(context);
                }
            }
        }
    }
}
