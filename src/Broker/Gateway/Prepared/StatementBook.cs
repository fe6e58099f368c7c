namespace Broker.Gateway.Prepared;

/// <summary>
/// The prepared texts of a pool, each under one number as long as a client or a link has it. Owned by one actor.
/// </summary>
internal sealed class StatementBook
{
    private readonly Dictionary<PreparedText, Entry> _byText = [];
    private readonly Dictionary<StatementNumber, Entry> _byNumber = [];
    private long _last;

    /// <summary>How many there are.</summary>
    internal int Count => _byNumber.Count;

    /// <summary>The number of a text, which is kept once more.</summary>
    internal StatementNumber Keep(PreparedText text)
    {
        if (!_byText.TryGetValue(text, out var entry))
        {
            entry = new(new(++_last), text);
            _byText.Add(text, entry);
            _byNumber.Add(entry.Number, entry);
        }
        entry.Keepers++;
        return entry.Number;
    }

    /// <summary>
    /// A number of its own for a text, which nobody else gets: where it is prepared, the text may mean what it does not mean to others yet,
    /// or ever.
    /// </summary>
    internal StatementNumber KeepApart(PreparedText text)
    {
        var entry = new Entry(new(++_last), text) { Keepers = 1 };
        _byNumber.Add(entry.Number, entry);
        return entry.Number;
    }

    /// <summary>
    /// The number under which others share the text of one that was kept apart; its own, which others share from now on if they have none,
    /// when its result is not known to be theirs.
    /// </summary>
    internal StatementNumber Join(StatementNumber number)
    {
        var entry = _byNumber[number];
        return !entry.IsStale
            && !_byText.TryAdd(entry.Text, entry)
            && _byText[entry.Text] is { Shape: { } shape } shared
            && shape.Equals(entry.Shape) ? shared.Number : number;
    }

    /// <summary>Whether only who prepared it has it.</summary>
    internal bool IsApart(StatementNumber number) =>
        _byNumber.TryGetValue(number, out var entry) && _byText.GetValueOrDefault(entry.Text) != entry;

    /// <summary>What its result was where it was prepared first; null when that is not known, or the statement is kept no longer.</summary>
    internal ResultShape? ShapeOf(StatementNumber number) => _byNumber.TryGetValue(number, out var entry) ? entry.Shape : null;

    /// <summary>
    /// Whether its result is another now than what its clients were told: the server refuses such a plan where it has it still, and where
    /// it has it no longer nobody else would. Whoever prepares the text again has another number.
    /// </summary>
    internal bool IsStale(StatementNumber number) => _byNumber.TryGetValue(number, out var entry) && entry.IsStale;

    /// <summary>A server tells its result, when it is prepared. It is stale when that was another before.</summary>
    internal void Learn(StatementNumber number, ResultShape shape)
    {
        if (!_byNumber.TryGetValue(number, out var entry))
        {
            return;
        }
        entry.Shape ??= shape;
        if (!entry.Shape.Equals(shape))
        {
            BecomeStale(number);
        }
    }

    /// <summary>A server says that its result is another than it was.</summary>
    internal void BecomeStale(StatementNumber number)
    {
        if (_byNumber.TryGetValue(number, out var entry) && !entry.IsStale)
        {
            entry.IsStale = true;
            Hide(entry);
        }
    }

    /// <summary>The number of a text that is kept; null when it is not.</summary>
    internal StatementNumber? Find(PreparedText text) => _byText.TryGetValue(text, out var entry) ? entry.Number : null;

    /// <summary>Keeps one that is there once more.</summary>
    internal void Keep(StatementNumber number) => _byNumber[number].Keepers++;

    /// <summary>Keeps it once less; the last one lets it go.</summary>
    internal void Release(StatementNumber number)
    {
        var entry = _byNumber[number];
        if (--entry.Keepers > 0)
        {
            return;
        }
        _byNumber.Remove(number);
        Hide(entry);
    }

    /// <summary>The text of one that is kept.</summary>
    internal PreparedText this[StatementNumber number] => _byNumber[number].Text;

    // under its text there may be another, or none
    private void Hide(Entry entry)
    {
        if (_byText.TryGetValue(entry.Text, out var shared) && shared == entry)
        {
            _byText.Remove(entry.Text);
        }
    }

    private sealed class Entry(StatementNumber number, PreparedText text)
    {
        internal StatementNumber Number => number;

        internal PreparedText Text => text;

        internal int Keepers { get; set; }

        internal ResultShape? Shape { get; set; }

        internal bool IsStale { get; set; }
    }
}
