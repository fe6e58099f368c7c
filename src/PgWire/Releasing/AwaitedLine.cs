namespace Broker.PgWire.Releasing;

/// <summary>
/// What was sent and is to be answered, in order; with each, whether its answers are the client's or are kept from it, and who is told its
/// fate. A ring of bytes that grows: a message in line costs one byte.
/// </summary>
internal sealed class AwaitedLine
{
    private const byte HiddenFlag = 0x80;
    private const int AccountsShift = 4;
    private const byte AccountsFlags = 0x70;
    private const byte Kind = 0x0F;
    private const int FirstCapacity = 16;

    private byte[] _ring = new byte[FirstCapacity];
    private int _first;

    internal int Count { get; private set; }

    internal Awaited First => this[0];

    internal bool FirstIsHidden => Count > 0 && (_ring[_first] & HiddenFlag) != 0;

    internal Awaited this[int index] => (Awaited)(_ring[At(index)] & Kind);

    internal Accounts AccountsOf(int index) => (Accounts)((_ring[At(index)] & AccountsFlags) >> AccountsShift);

    internal void Add(Awaited awaited, bool hidden, Accounts accounts)
    {
        if (Count == _ring.Length)
            Grow();
        _ring[At(Count)] = (byte)((byte)awaited | (hidden ? HiddenFlag : 0) | ((int)accounts << AccountsShift));
        Count++;
    }

    internal void RemoveFirst(int count = 1)
    {
        _first = At(count);
        Count -= count;
    }

    /// <summary>Removes so many behind the first.</summary>
    internal void RemoveBehindFirst(int count)
    {
        var first = _ring[_first];
        RemoveFirst(count);
        _ring[_first] = first;
    }

    /// <summary>Makes the first one another, with all else as it was.</summary>
    internal void ChangeFirst(Awaited awaited) => _ring[_first] = (byte)((byte)awaited | (_ring[_first] & ~Kind));

    /// <summary>Where the first of a kind is, from an index on; the end of the line when there is none.</summary>
    internal int Find(Awaited awaited, int from)
    {
        while (from < Count && this[from] != awaited)
            from++;
        return Math.Min(from, Count);
    }

    /// <summary>How many are answered with ReadyForQuery and not hidden.</summary>
    internal int CountEndsShown()
    {
        var count = 0;
        for (var i = 0; i < Count; i++)
            count += Answers.EndsSeries(this[i]) && (_ring[At(i)] & HiddenFlag) == 0 ? 1 : 0;
        return count;
    }

    private int At(int index) => (_first + index) & (_ring.Length - 1);

    private void Grow()
    {
        var ring = new byte[2 * _ring.Length];
        for (var i = 0; i < Count; i++)
            ring[i] = _ring[At(i)];
        (_ring, _first) = (ring, 0);
    }
}
