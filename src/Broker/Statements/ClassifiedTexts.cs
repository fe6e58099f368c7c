namespace Broker.Statements;

/// <summary>
/// The texts seen last, by their exact characters and the caller's context, so that the usual errand costs one lookup: no
/// lexing, no catalogue, no allocation. Mutable and owned by one actor, which must not share it; the text used longest
/// ago leaves first.
/// </summary>
/// <remarks>
/// Texts above <see cref="LongestText"/> characters are not kept, and never travel in groups.
/// What keeps a text alone for ever is kept only as long as the text is.
/// </remarks>
internal sealed class ClassifiedTexts
{
    /// <summary>How many texts are kept by default.</summary>
    public const int DefaultCapacity = 4096;

    /// <summary>The longest text that is kept, in characters.</summary>
    public const int LongestText = 16_384;

    private const int None = -1;

    private readonly Dictionary<TextKey, int> _places;
    private readonly Entry[] _entries;
    private int _count;
    private int _newest = None;
    private int _oldest = None;

    /// <summary>Room for <paramref name="capacity"/> texts, at least 1.</summary>
    public ClassifiedTexts(int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _entries = new Entry[capacity];
        _places = new Dictionary<TextKey, int>(capacity, new TextKeyComparer());
    }

    /// <summary>How many texts are kept.</summary>
    public int Count => _count;

    /// <summary>What is known of <paramref name="text"/> in <paramref name="context"/>, "" for the pool's own; null for nothing.</summary>
    public ClassifiedText? Find(string text, string context = "")
    {
        if (!_places.TryGetValue(new TextKey(text, context), out var place))
        {
            return null;
        }

        if (place != _newest)
        {
            Unlink(place);
            LinkNewest(place);
        }

        return _entries[place].Known;
    }

    /// <summary>Remembers <paramref name="known"/>. What keeps a text alone for ever is not replaced by what the catalogue says.</summary>
    public void Remember(string text, ClassifiedText known, string context = "")
    {
        if (text.Length > LongestText)
        {
            return;
        }

        var key = new TextKey(text, context);
        if (_places.TryGetValue(key, out var place))
        {
            if (!_entries[place].Known.IsAloneForEver)
            {
                _entries[place].Known = known;
            }

            return;
        }

        place = _count < _entries.Length ? _count++ : TakeOldest();
        _entries[place].Key = key;
        _entries[place].Known = known;
        _places.Add(key, place);
        LinkNewest(place);
    }

    /// <summary>
    /// Keeps <paramref name="text"/> alone from now on, in every trip and whatever the catalogue says, because of
    /// <paramref name="reason"/> (see <see cref="AloneForEver"/>).
    /// </summary>
    public void KeepAlone(string text, StatementClass reason, string context = "")
    {
        var shape = Find(text, context)?.Shape ?? StatementShape.Of(text);
        Remember(text, new ClassifiedText(shape, reason, DateTimeOffset.MaxValue), context);
    }

    private int TakeOldest()
    {
        var place = _oldest;
        Unlink(place);
        _places.Remove(_entries[place].Key);
        return place;
    }

    private void LinkNewest(int place)
    {
        _entries[place].Newer = None;
        _entries[place].Older = _newest;
        if (_newest != None)
        {
            _entries[_newest].Newer = place;
        }

        _newest = place;
        _oldest = _oldest == None ? place : _oldest;
    }

    private void Unlink(int place)
    {
        var (newer, older) = (_entries[place].Newer, _entries[place].Older);
        if (newer == None)
        {
            _newest = older;
        }
        else
        {
            _entries[newer].Older = older;
        }

        if (older == None)
        {
            _oldest = newer;
        }
        else
        {
            _entries[older].Newer = newer;
        }
    }

    private struct Entry
    {
        public TextKey Key;
        public ClassifiedText Known;
        public int Newer;
        public int Older;
    }
}
