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
    internal int Count => _byText.Count;

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
        _byText.Remove(entry.Text);
    }

    /// <summary>The text of one that is kept.</summary>
    internal PreparedText this[StatementNumber number] => _byNumber[number].Text;

    private sealed class Entry(StatementNumber number, PreparedText text)
    {
        internal StatementNumber Number => number;

        internal PreparedText Text => text;

        internal int Keepers { get; set; }
    }
}
