using Broker.PgWire.Releasing;

namespace Broker.Gateway.Prepared;

/// <summary>
/// What is prepared on one server connection: under names of ours at most so many, the one used last first; and the unnamed one. What was
/// sent in this series counts for what is sent behind it, since whatever fails makes the server skip the rest; what was sent in an earlier
/// one and is not answered is not known (<see cref="IsUnknown"/>). What the server does with each step is told in order. Owned by one
/// actor.
/// </summary>
internal sealed class LinkStatements : IStatementAccount
{
    private readonly StatementBook _book;
    private readonly int _most;
    private readonly LinkedList<Slot> _byUse = new();
    private readonly Dictionary<StatementNumber, Slot> _named = [];
    private readonly Queue<(Slot Slot, StatementNumber? Becomes)> _sent = new();
    private readonly Slot _unnamed = new();
    private readonly Queue<Question> _described = new();
    private ResultShape? _shape;
    private long _series;

    /// <param name="book">The texts of its pool.</param>
    /// <param name="most">How many statements under names one server connection holds; at least 1.</param>
    internal LinkStatements(StatementBook book, int most) => (_book, _most) = (book, most);

    /// <summary>How many under names there are or may be.</summary>
    internal int Count => _named.Count;

    /// <summary>How many steps were sent and are not told to be done or not.</summary>
    internal int Unanswered => _sent.Count;

    /// <summary>A Sync was sent: what comes is a new series.</summary>
    internal void NextSeries() => _series++;

    /// <summary>Whether it depends on the answers to an earlier series: these are to be waited for.</summary>
    internal bool IsUnknown(StatementNumber number) => _named.TryGetValue(number, out var slot) && slot.IsUnknownIn(_series);

    /// <summary>The same of the unnamed one.</summary>
    internal bool IsUnnamedUnknown => _unnamed.IsUnknownIn(_series);

    /// <summary>A statement is to be used under our name: what has to be sent before; nothing when it is there.</summary>
    internal IReadOnlyList<StatementStep> Use(StatementNumber number)
    {
        if (_named.TryGetValue(number, out var slot))
        {
            _byUse.Remove(slot.ByUse);
            _byUse.AddFirst(slot.ByUse);
            if (slot.IsDoubted && slot.Holds == number)
            {
                slot.IsDoubted = false;
                return [Send(slot, number, null), Send(slot, number, number)];
            }
            return slot.Holds == number ? [] : [Send(slot, number, number)];
        }
        var steps = new List<StatementStep>(2);
        if (_named.Count >= _most && Oldest() is { Holds: { } oldest } evicted)
        {
            steps.Add(Send(evicted, oldest, null));
        }
        slot = new();
        _named.Add(number, slot);
        _byUse.AddFirst(slot.ByUse);
        _book.Keep(number);
        steps.Add(Send(slot, number, number));
        return steps;
    }

    /// <summary>Whether it is there under our name, if all that was sent succeeds, and not in doubt.</summary>
    internal bool Has(StatementNumber number) => _named.TryGetValue(number, out var slot) && slot.Holds == number && !slot.IsDoubted;

    /// <summary>What its result is, is asked behind its Parse.</summary>
    /// <param name="number">Which.</param>
    /// <param name="isAwaited">Whether it is not to be used before the answer.</param>
    /// <param name="isApart">Whether the answer may be true on this link only, by what its transaction has changed.</param>
    internal void Describe(StatementNumber number, bool isAwaited = false, bool isApart = false) =>
        _described.Enqueue(new(number, isAwaited, isApart));

    /// <summary>Whether its result here is another than what its clients were told, though it may be the same for others.</summary>
    internal bool Differs(StatementNumber number) => _named.TryGetValue(number, out var slot) && slot.Differs;

    /// <summary>Whether it is not to be used before the server has told its result.</summary>
    internal bool IsAwaited(StatementNumber number) => _described.Any(question => question.Number == number && question.IsAwaited);

    /// <summary>Whether the server is asked for a result.</summary>
    internal bool IsDescribing => _described.Count > 0;

    /// <summary>The columns of a result that the broker asked for; null for those that are too long to be held.</summary>
    internal void Hear(ResultShape? shape) => _shape = shape;

    /// <summary>What has become of the oldest question for a result.</summary>
    internal void Described(Fate fate)
    {
        var (number, _, isApart) = _described.Dequeue();
        if (fate is Fate.Done && _shape is { } shape)
        {
            Learn(number, shape, isApart);
        }
        _shape = null;
    }

    private void Learn(StatementNumber number, ResultShape shape, bool isApart)
    {
        if (!isApart || (_book.ShapeOf(number) is null && _book.IsApart(number)))
        {
            _book.Learn(number, shape);
        }
        else if (_book.ShapeOf(number) is { } told && _named.TryGetValue(number, out var slot))
        {
            slot.Differs = !told.Equals(shape);
        }
    }

    /// <summary>Whether the unnamed statement is this one.</summary>
    internal bool IsUnnamed(StatementNumber number) => _unnamed.Holds == number;

    /// <summary>The unnamed statement is sent to become another, or none.</summary>
    internal void BecomeUnnamed(StatementNumber? number)
    {
        if (number is { } kept)
        {
            _book.Keep(kept);
        }
        _unnamed.Send(number, _series);
        _sent.Enqueue((_unnamed, number));
    }

    /// <summary>The server says that a plan is out of date, or that there is no such statement: the next use prepares it anew.</summary>
    internal void Doubt(StatementNumber number)
    {
        if (_named.TryGetValue(number, out var slot))
        {
            (slot.IsDoubted, slot.Differs) = (true, false);
        }
    }

    /// <summary>The oldest step is done.</summary>
    public void Done()
    {
        var (slot, becomes) = _sent.Dequeue();
        if (slot == _unnamed && slot.Certain is { } before)
        {
            _book.Release(before);
        }
        slot.Answered(becomes);
        ForgetIfEmpty(slot);
    }

    /// <summary>The oldest step was refused. That of the unnamed statement has ended the one before all the same.</summary>
    public void Failed()
    {
        if (_sent.Peek() is (var slot, { } becomes) && slot == _unnamed)
        {
            _sent.Dequeue();
            _book.Release(becomes);
            if (slot.Certain is { } before)
            {
                _book.Release(before);
            }
            slot.Answered(null);
            return;
        }
        Skipped();
    }

    /// <summary>The oldest step was skipped, behind an error: all is as before it.</summary>
    public void Skipped()
    {
        var (slot, becomes) = _sent.Dequeue();
        if (slot == _unnamed && becomes is { } number)
        {
            _book.Release(number);
        }
        slot.Answered(slot.Certain);
        // one that was to be closed is there still, for whatever reason it was to be
        slot.IsDoubted |= becomes is null;
        ForgetIfEmpty(slot);
    }

    /// <summary>The server has done DISCARD ALL or DEALLOCATE ALL: of what was sent before, nothing is there.</summary>
    internal void Clear()
    {
        if (_unnamed.Certain is { } unnamed)
        {
            _book.Release(unnamed);
        }
        _unnamed.Empty();
        foreach (var slot in _named.Values.ToArray())
        {
            slot.Empty();
            ForgetIfEmpty(slot);
        }
    }

    /// <summary>The link is closed: nothing is kept for it any more.</summary>
    internal void End()
    {
        foreach (var (slot, becomes) in _sent)
        {
            if (slot == _unnamed && becomes is { } number)
            {
                _book.Release(number);
            }
        }
        _sent.Clear();
        _described.Clear();
        if (_unnamed.Certain is { } unnamed)
        {
            _book.Release(unnamed);
        }
        _unnamed.Empty();
        foreach (var number in _named.Keys)
        {
            _book.Release(number);
        }
        _named.Clear();
        _byUse.Clear();
    }

    private Slot? Oldest()
    {
        for (var node = _byUse.Last; node is not null; node = node.Previous)
        {
            if (node.Value is { Certain: not null, Pending: 0 })
            {
                return node.Value;
            }
        }
        return null;
    }

    private StatementStep Send(Slot slot, StatementNumber number, StatementNumber? becomes)
    {
        slot.Number = number;
        slot.Send(becomes, _series);
        _sent.Enqueue((slot, becomes));
        return new(number, becomes is not null);
    }

    private void ForgetIfEmpty(Slot slot)
    {
        if (slot == _unnamed || slot.Certain is not null || slot.Pending > 0)
        {
            return;
        }
        _named.Remove(slot.Number);
        _byUse.Remove(slot.ByUse);
        _book.Release(slot.Number);
    }

    private readonly record struct Question(StatementNumber Number, bool IsAwaited, bool IsApart);

    /// <summary>A name on the server.</summary>
    private sealed class Slot
    {
        private StatementNumber? _expected;
        private long _series;

        internal Slot() => ByUse = new(this);

        internal LinkedListNode<Slot> ByUse { get; }

        /// <summary>What a name of ours is made of.</summary>
        internal StatementNumber Number { get; set; }

        /// <summary>What is under the name, as of the last answer.</summary>
        internal StatementNumber? Certain { get; private set; }

        /// <summary>Whether what is under the name is of no use any more.</summary>
        internal bool IsDoubted { get; set; }

        /// <summary>Whether its result is another on this link than what its clients were told.</summary>
        internal bool Differs { get; set; }

        /// <summary>How many steps are not answered.</summary>
        internal int Pending { get; private set; }

        /// <summary>What is under the name if all that was sent succeeds.</summary>
        internal StatementNumber? Holds => Pending > 0 ? _expected : Certain;

        internal bool IsUnknownIn(long series) => Pending > 0 && _series != series;

        internal void Send(StatementNumber? becomes, long series)
        {
            (_expected, _series) = (becomes, series);
            Pending++;
        }

        internal void Answered(StatementNumber? now)
        {
            Pending--;
            Certain = now;
        }

        internal void Empty() => Certain = null;
    }
}

/// <summary>What is to be sent for a statement under a name of ours.</summary>
/// <param name="Number">Which.</param>
/// <param name="Parse">Parse it; else close it.</param>
internal readonly record struct StatementStep(StatementNumber Number, bool Parse);
