using Broker.PgWire.Values;

namespace Broker.Gateway.Prepared;

/// <summary>
/// The names that a client has given to prepared statements. A Parse counts from the moment it is sent, for what the client sends behind
/// it, and becomes true when it is done; one that fails, or is skipped behind an error, never was. What becomes of each Parse, Close and
/// simple query is told in order. Owned by one actor.
/// </summary>
internal sealed class ClientStatements : IStatementAccount
{
    private readonly StatementBook _book;
    private readonly Dictionary<WireText, StatementNumber> _names = [];
    private readonly Queue<Change> _sent = new();
    private long _series;
    private bool _anyApart;

    internal ClientStatements(StatementBook book) => _book = book;

    /// <summary>How many names there are for sure.</summary>
    internal int Count => _names.Count;

    /// <summary>What was sent and is not told to be done or not.</summary>
    internal int Unanswered => _sent.Count;

    /// <summary>
    /// The client's settings by which a server reads a text when it prepares it, as its encoding or the order of day and month: the same
    /// bytes are another statement where these are others. Empty when it has set nothing. Kept up to date by who knows them.
    /// </summary>
    internal string Meaning { get; set; } = "";

    /// <summary>A Sync was sent: what comes is a new series.</summary>
    internal void NextSeries() => _series++;

    /// <summary>Whether what a name means depends on the answers to an earlier series: these are to be waited for.</summary>
    internal bool IsUnknown(WireText name) => _sent.Any(change => change.Name == name && change.Series != _series);

    /// <summary>The statement of a name, if all that was sent succeeds.</summary>
    internal StatementNumber? Find(WireText name)
    {
        StatementNumber? found = _names.TryGetValue(name, out var known) ? known : null;
        foreach (var change in _sent)
        {
            if (change.Name == name)
            {
                found = change.To;
            }
        }
        return found;
    }

    /// <summary>A name of a statement, the unnamed one's too; null when it has none for sure or sent.</summary>
    internal WireText? NameOf(StatementNumber number)
    {
        foreach (var change in _sent)
        {
            if (change.To == number)
            {
                return change.Name;
            }
        }
        foreach (var (name, its) in _names)
        {
            if (its == number)
            {
                return name;
            }
        }
        return null;
    }

    /// <summary>A Parse is sent. A name that is taken must be refused, which is the server's to do; the unnamed one is replaced.</summary>
    /// <param name="name">The name.</param>
    /// <param name="text">The text.</param>
    /// <param name="isApart">Whether it is not to be shared, before <see cref="Join"/>.</param>
    internal StatementNumber Parse(WireText name, PreparedText text, bool isApart = false)
    {
        var number = isApart ? _book.KeepApart(text) : _book.Keep(text);
        _anyApart |= isApart;
        _sent.Enqueue(new(name, number, _series));
        return number;
    }

    /// <summary>
    /// Nothing is under way, and what the client's transactions changed is changed for all, or for nobody: what was kept apart is shared
    /// with others again, as far as it is the same.
    /// </summary>
    internal void Join()
    {
        if (!_anyApart)
        {
            return;
        }
        _anyApart = false;
        foreach (var (name, number) in _names.ToArray())
        {
            var joined = _book.Join(number);
            if (joined != number)
            {
                _names[name] = joined;
                _book.Keep(joined);
                _book.Release(number);
            }
        }
    }

    /// <summary>A message is sent that the server will refuse: it names no statement, or gives a name that is taken.</summary>
    /// <param name="name">The client's name in it; it need not outlive the buffer that it was read to.</param>
    /// <param name="isStale">Whether there is such a statement, of which the result is another now than the client was told.</param>
    internal void Refuse(WireText name, bool isStale = false) =>
        _sent.Enqueue(new(null, null, _series, new(new(name.Bytes.ToArray()), isStale)));

    /// <summary>What an error is about that is heard now, if it is one that was to be refused: what was sent before it is done.</summary>
    internal Refusal? Refused => _sent.TryPeek(out var oldest) ? oldest.Refusal : null;

    /// <summary>A Close is sent.</summary>
    internal void Close(WireText name) => _sent.Enqueue(new(name, null, _series));

    /// <summary>A simple query is sent: it ends the unnamed statement.</summary>
    internal void Query() => _sent.Enqueue(new(WireText.Empty, null, _series));

    /// <summary>The oldest that was sent is done.</summary>
    public void Done()
    {
        if (_sent.Dequeue() is { Name: { } name } change)
        {
            Forget(name);
            if (change.To is { } number)
            {
                _names.Add(name, number);
            }
        }
    }

    /// <summary>The oldest that was sent was refused. A Parse of the unnamed statement has ended the one before all the same.</summary>
    public void Failed()
    {
        if (_sent.Peek() is { Name.IsEmpty: true })
        {
            Forget(WireText.Empty);
        }
        Skipped();
    }

    /// <summary>The oldest that was sent was skipped, behind an error.</summary>
    public void Skipped()
    {
        if (_sent.Dequeue().To is { } number)
        {
            _book.Release(number);
        }
    }

    /// <summary>All names end: the client has had DISCARD ALL or DEALLOCATE ALL done. What was sent behind that is not touched.</summary>
    internal void Clear()
    {
        foreach (var number in _names.Values)
        {
            _book.Release(number);
        }
        _names.Clear();
    }

    /// <summary>The client is gone: nothing is kept for it any more, and nobody will tell what became of what it sent.</summary>
    internal void End()
    {
        Clear();
        while (_sent.Count > 0)
        {
            Skipped();
        }
    }

    private void Forget(WireText name)
    {
        if (_names.Remove(name, out var before))
        {
            _book.Release(before);
        }
    }

    // without a name nothing is changed
    private readonly record struct Change(WireText? Name, StatementNumber? To, long Series, Refusal? Refusal = null);
}

/// <summary>Why a server refuses a message under a name of ours.</summary>
/// <param name="Name">The client's name in it.</param>
/// <param name="IsStale">Whether it is for the statement's result, which is another now than the client was told.</param>
internal readonly record struct Refusal(WireText Name, bool IsStale);
