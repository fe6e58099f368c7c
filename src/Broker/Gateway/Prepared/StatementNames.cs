using Broker.PgWire.Messages;
using Broker.PgWire.Releasing;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;

namespace Broker.Gateway.Prepared;

/// <summary>
/// Gives the prepared statements of a client names of ours on a link, and has prepared on it what the client believes to be there: so each
/// of its transactions may run on another server connection. The unnamed statement stays unnamed, because the server plans it otherwise.
/// What the client may not do is left for the server to refuse, in its place: a Parse of a name that is taken becomes one of a name that is
/// taken there, and a name that nobody gave is passed on. Pure but for what it is made of.
/// </summary>
internal sealed class StatementNames
{
    private static readonly WireText Unknown = new StatementNumber(0).ServerName;

    // prepared only to be deallocated
    private static readonly WireText Stand = WireText.Of("broker_stand");
    private static readonly Parse StandParse = new(Stand, WireText.Of("SELECT 1"), []);
    private static readonly Parse StandEnds = new(WireText.Empty, WireText.Of("DEALLOCATE broker_stand"), []);
    private static readonly Bind BindUnnamed = new(WireText.Empty, WireText.Empty, [], [], []);
    private static readonly Execute ExecuteUnnamed = new(WireText.Empty, 0);

    private readonly StatementBook _book;
    private readonly ClientStatements _client;
    private readonly LinkStatements _link;

    internal StatementNames(StatementBook book, ClientStatements client, LinkStatements link) =>
        (_book, _client, _link) = (book, client, link);

    /// <summary>
    /// Whether the link's transaction or session may have changed what texts mean, for the client alone as yet: what it prepares then is
    /// not shared, and what the server tells then is not told of others.
    /// </summary>
    internal bool IsApart { get; set; }

    /// <summary>
    /// Whether a message can be rewritten only when the series before it are answered: it names what they may not have done.
    /// </summary>
    internal bool MustWait(IFrontendMessage message) => NameIn(message) is { } name
        && ((_link.IsDescribing && Shared(message, name) is { } shared && _link.IsAwaited(shared))
            || _client.IsUnknown(name)
            || (name.IsEmpty ? _link.IsUnnamedUnknown : _client.Find(name) is { } number && _link.IsUnknown(number))
            || (message is Parse parse && !name.IsEmpty && _book.Find(Text(parse)) is { } known && _link.IsUnknown(known)));

    /// <summary>
    /// What to send ahead of a message, which then has to wait for the answer: a statement whose result clients were told goes on a link
    /// that does not have it only when the result is the same there. Empty when the link has it, or nothing was told.
    /// </summary>
    internal IReadOnlyList<Outgoing> Verify(IFrontendMessage message)
    {
        if (NameIn(message) is not { IsEmpty: false } name
            || message is Close
            || Shared(message, name) is not { } number
            || _link.Has(number)
            || _book.ShapeOf(number) is null || _book.IsStale(number) || _book[number].Meaning != _client.Meaning)
        {
            return [];
        }
        return [.. Steps(_link.Use(number), isAwaited: true), new(Flush.Instance, Accounts.None, IsHidden: true)];
    }

    /// <summary>
    /// What to send, in order, for a text of the client's that deallocates one of its statements: others may use what it has on the server,
    /// so another is deallocated instead, with the same answers. Null when the client has no statement of that name.
    /// </summary>
    /// <param name="name">Which.</param>
    /// <param name="parse">The text, when it is prepared without a name; null when it is a simple query.</param>
    internal IReadOnlyList<Outgoing>? Deallocate(WireText name, Parse? parse)
    {
        if (_client.Find(name) is null)
        {
            return null;
        }
        _client.Close(name);
        Outgoing[] ahead = [new(new Close(TargetKind.Statement, Stand), Accounts.None, IsHidden: true),
            new(StandParse, Accounts.Client, IsHidden: true)];
        if (parse is not null)
        {
            _link.BecomeUnnamed(_client.Parse(WireText.Empty, Text(parse)));
            return [.. ahead, new(StandEnds, Accounts.Client | Accounts.Link)];
        }
        EndUnnamed();
        NextSeries();
        return
        [
            .. ahead, new(StandEnds, Accounts.Client | Accounts.Link, IsHidden: true), new(BindUnnamed, Accounts.None, IsHidden: true),
            new(ExecuteUnnamed, Accounts.None), new(Sync.Instance, Accounts.None),
        ];
    }

    /// <summary>What to send for a message of the client's, in order.</summary>
    internal IReadOnlyList<Outgoing> Rewrite(IFrontendMessage message)
    {
        Used = null;
        switch (message)
        {
            case Parse { Statement.IsEmpty: true } parse:
                _link.BecomeUnnamed(_client.Parse(WireText.Empty, Text(parse)));
                return [new(parse, Accounts.Client | Accounts.Link)];
            case Parse parse:
                return OnParse(parse);
            case Bind bind:
                return Using(bind.Statement, name => bind with { Statement = name });
            case Describe { Kind: TargetKind.Statement } describe:
                return Using(describe.Name, name => describe with { Name = name });
            case Close { Kind: TargetKind.Statement } close:
                return OnClose(close);
            case Query:
                EndUnnamed();
                return [new(message, Accounts.Client | Accounts.Link)];
            case Sync:
                NextSeries();
                return [new(message, Accounts.None)];
            default:
                return [new(message, Accounts.None)];
        }
    }

    /// <summary>A simple query is sent: it ends the unnamed statement.</summary>
    internal void EndUnnamed()
    {
        _client.Query();
        _link.BecomeUnnamed(null);
    }

    /// <summary>A Sync is sent.</summary>
    internal void NextSeries()
    {
        _client.NextSeries();
        _link.NextSeries();
    }

    /// <summary>
    /// Whether an error is about a statement that was not passed on, because it is stale: the server would refuse its plan if it had it.
    /// </summary>
    internal bool IsOfStale(WireText said) =>
        _client.Refused is { IsStale: true } && StatementNumber.FirstIn(said)?.Number.ServerName == Unknown;

    /// <summary>What the server says of a statement of ours, said of the client's; null when it says nothing of one.</summary>
    internal WireText? ByClientsName(WireText said)
    {
        if (StatementNumber.FirstIn(said) is not var (number, range))
        {
            return null;
        }
        var refused = _client.Refused?.Name;
        var name = number.ServerName == Unknown || (refused is { } taken && _client.Find(taken) == number)
            ? refused
            : _client.NameOf(number);
        // in English the server has words of its own for the unnamed one; in other languages the name is left empty
        return name is not { } known ? null
            : known.IsEmpty && said.ToString() == $"prepared statement \"{Unknown}\" does not exist"
                ? WireText.Of("unnamed prepared statement does not exist")
            : new WireText((byte[])[.. said.Bytes.Span[..range.Start], .. known.Bytes.Span, .. said.Bytes.Span[range.End..]]);
    }

    /// <summary>The statement that the last message was about; null when it has none that is known.</summary>
    internal StatementNumber? Used { get; private set; }

    private static WireText? NameIn(IFrontendMessage message) => message switch
    {
        Parse parse => parse.Statement,
        Bind bind => bind.Statement,
        Describe { Kind: TargetKind.Statement } describe => describe.Name,
        Close { Kind: TargetKind.Statement } close => close.Name,
        _ => null,
    };

    // the statement that a name means, or that a Parse would share with others
    private StatementNumber? Shared(IFrontendMessage message, WireText name) =>
        name.IsEmpty ? null
            : message is Parse parse ? (_client.Find(name) is null && !IsApart ? _book.Find(Text(parse)) : null)
            : _client.Find(name);

    private PreparedText Text(Parse parse) => new(parse.Query, parse.ParameterTypes, _client.Meaning);

    private IReadOnlyList<Outgoing> OnParse(Parse parse)
    {
        if (_client.Find(parse.Statement) is { } taken)
        {
            _client.Refuse(parse.Statement);
            return [.. Steps(_link.Use(taken)), new(parse with { Statement = taken.ServerName }, Accounts.Client)];
        }
        var number = _client.Parse(parse.Statement, Text(parse), IsApart);
        if (_link.Use(number) is not { Count: > 0 } steps)
        {
            return [Outgoing.Here(BackendType.ParseComplete, Accounts.Client)];
        }
        // the last step is the client's own Parse
        return [.. Steps(steps.SkipLast(1)), new(parse with { Statement = number.ServerName }, Accounts.Client | Accounts.Link),
            Described(number)];
    }

    private IReadOnlyList<Outgoing> OnClose(Close close)
    {
        if (close.Name.IsEmpty)
        {
            _client.Close(close.Name);
            _link.BecomeUnnamed(null);
            return [new(close, Accounts.Client | Accounts.Link)];
        }
        if (_client.Find(close.Name) is null)
        {
            return [new(close with { Name = MeetsOurs(close.Name) ? Unknown : close.Name }, Accounts.None)];
        }
        // others may use the statement: only the name ends
        _client.Close(close.Name);
        return [Outgoing.Here(BackendType.CloseComplete, Accounts.Client)];
    }

    private Outgoing[] Using(WireText name, Func<WireText, IFrontendMessage> renamed)
    {
        if (_client.Find(name) is not { } number)
        {
            return MeetsOurs(name) ? Refused(name, isStale: false, renamed) : [new(renamed(name), Accounts.None)];
        }
        if (!name.IsEmpty && (_book.IsStale(number) || _link.Differs(number)))
        {
            // what is different here may be rolled back: it is looked at again the next time
            _link.Doubt(number);
            return Refused(name, isStale: true, renamed);
        }
        if (_book[number].Meaning != _client.Meaning)
        {
            return UsingAnew(_book[number], renamed);
        }
        Used = number;
        if (!name.IsEmpty)
        {
            return [.. Steps(_link.Use(number)), new(renamed(number.ServerName), Accounts.None)];
        }
        if (_link.IsUnnamed(number))
        {
            return [new(renamed(name), Accounts.None)];
        }
        _link.BecomeUnnamed(number);
        return [new(Parsed(number, WireText.Empty), Accounts.Link, IsHidden: true), new(renamed(name), Accounts.None)];
    }

    // The client has set something since it prepared it: what is prepared on this link now is read by that, and under the old number others
    // would meet it.
    private Outgoing[] UsingAnew(PreparedText text, Func<WireText, IFrontendMessage> renamed)
    {
        var number = _book.Keep(new PreparedText(text.Query, text.ParameterTypes, _client.Meaning));
        Outgoing[] all = [.. Steps(_link.Use(number)), new(renamed(number.ServerName), Accounts.None)];
        // the link keeps it from here on
        _book.Release(number);
        Used = number;
        return all;
    }

    // A name of a client's that looks like one of ours must not meet it; and the unnamed statement there is another client's.
    private static bool MeetsOurs(WireText name) => name.IsEmpty || StatementNumber.IsOurs(name);

    private Outgoing[] Refused(WireText name, bool isStale, Func<WireText, IFrontendMessage> renamed)
    {
        _client.Refuse(name, isStale);
        return [new(renamed(Unknown), Accounts.Client)];
    }

    private IEnumerable<Outgoing> Steps(IEnumerable<StatementStep> steps, bool isAwaited = false)
    {
        foreach (var (number, parses) in steps)
        {
            yield return new(parses ? Parsed(number, number.ServerName) : new Close(TargetKind.Statement, number.ServerName), Accounts.Link,
                IsHidden: true);
            if (parses)
            {
                yield return Described(number, isAwaited);
            }
        }
    }

    private Outgoing Described(StatementNumber number, bool isAwaited = false)
    {
        _link.Describe(number, isAwaited, IsApart);
        return new(new Describe(TargetKind.Statement, number.ServerName), Accounts.Results, IsHidden: true);
    }

    private Parse Parsed(StatementNumber number, WireText name) => new(name, _book[number].Query, _book[number].ParameterTypes);
}
