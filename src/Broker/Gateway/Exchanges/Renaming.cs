using System.Buffers;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.Gateway.Reports;
using Broker.Gateway.Sockets;
using Broker.Gateway.Traces;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;

namespace Broker.Gateway.Exchanges;

/// <summary>
/// The messages of a client that name prepared statements, on their way to a link: they get names of ours, and what is missing on the link
/// goes ahead of them.
/// </summary>
internal sealed class Renaming
{
    private readonly ClientMemory _client;
    private readonly WireLink _link;
    private readonly ExchangeBuffers _buffers;
    private readonly StatementNames _names;
    private readonly List<StatementNumber> _used = [];
    private bool _unnamedStreams;
    private bool _mayEnd;

    internal Renaming(ClientMemory client, ClientStatements statements, WireLink link, ExchangeBuffers buffers) =>
        (_client, _link, _buffers, _names) = (client, link, buffers, new(client.Book, statements, link.Statements));

    /// <summary>Who is told the fate of the message that passes in pieces.</summary>
    internal Accounts LongAccounts { get; private set; }

    /// <summary>A simple query is sent.</summary>
    internal void EndUnnamed() => _names.EndUnnamed();

    /// <summary>A Sync is sent.</summary>
    internal void NextSeries() => _names.NextSeries();

    /// <summary>A text is sent that may end all prepared statements: what they are now is not known before it is answered.</summary>
    internal void EndAll() => _mayEnd = true;

    /// <summary>The server is ready: nothing that was sent can fail any more.</summary>
    internal void Forget() => _used.Clear();

    /// <summary>
    /// An error of the server's is about a statement, or may be: what it says of our names is true of the client's no longer, or was never.
    /// </summary>
    /// <param name="error">The error.</param>
    /// <param name="isApart">Whether it may be true here only (<see cref="StatementNames.IsApart"/>).</param>
    internal void Learn(ErrorResponse error, bool isApart)
    {
        // (plancache.c: the routine is the same in all languages)
        var isStale = error.SqlState is "0A000" && error['R'].Is("RevalidateCachedQuery"u8);
        if (isStale && !isApart && _used.TrueForAll(used => used == _used[0]) && _used is [var stale, ..])
        {
            _client.Book.BecomeStale(stale);
        }
        else if (isStale || error.SqlState is "26000")
        {
            Doubt();
        }
    }

    // a plan is out of date, or a statement is not there although we prepared it: what was used is prepared anew at its next use
    private void Doubt()
    {
        foreach (var number in _used)
        {
            _link.Statements.Doubt(number);
        }
    }

    /// <summary>An error of the server's, with the client's own name in the place of ours; null when it may pass as it is.</summary>
    internal ErrorResponse? ByClientsName(ErrorResponse error) => _names.IsOfStale(error['M'])
        ? ErrorReports.Error("0A000", "cached plan must not change result type") is var report
            ? new([.. report.Fields, new((byte)'R', WireText.Of("RevalidateCachedQuery"))]) : null
        // these speak of prepared statements; in others such a name may be that of anything
        : error.SqlState is "26000" or "42P05" or "08P01" && _names.ByClientsName(error['M']) is { } message
            ? new([.. error.Fields.Select(field => field.Code == (byte)'M' ? field with { Value = message } : field)])
            : null;

    /// <summary>Takes a simple query that may end a statement of the client's by its name.</summary>
    /// <param name="trace">What is known of its text.</param>
    internal Taken TakeQuery(SessionTrace trace)
    {
        // one that the server skips is not answered
        if (trace.Deallocates is not { } name || _link.Use.IsSkipping)
        {
            return Taken.AsItIs;
        }
        var close = new Close(TargetKind.Statement, WireText.Of(name));
        if (MustWait(close))
        {
            return Taken.Later;
        }
        if (_link.Use is { IsSeriesOpen: true, IsAwaiting: true })
        {
            // if the series fails, the server skips the text
            AskForAnswers();
            return Taken.Later;
        }
        return Sends(_names.Deallocate(close.Name, parse: null)) ? Taken.Whole : Taken.AsItIs;
    }

    /// <summary>Takes a Parse, Bind, Describe or Close, or a piece of one.</summary>
    /// <param name="frame">The message.</param>
    /// <param name="isApart">Whether texts may mean something else here than to others (<see cref="StatementNames.IsApart"/>).</param>
    /// <param name="runs">What the statement that it runs leaves behind it; null when it runs none.</param>
    /// <param name="error">Why it is no message.</param>
    internal Taken Take(in Frame frame, bool isApart, out SessionTrace? runs, out WireError? error)
    {
        (runs, error, _names.IsApart) = (null, null, isApart);
        LongAccounts = frame.IsFirst ? Accounts.None : LongAccounts;
        if (!frame.IsWhole)
        {
            return TakeLong(frame, ref runs, out error);
        }
        // What is kept of it outlives the buffer.
        var lasts = (FrontendType)frame.Type is FrontendType.Parse or FrontendType.Close || !frame.Body.IsSingleSegment;
        var message = FrontendMessages.Read(frame.Type, lasts ? frame.Body.ToArray() : frame.Body.First, AwaitedResponse.None, out error);
        if (message is null)
        {
            return Taken.Whole;
        }
        if (MustWait(message))
        {
            return Taken.Later;
        }
        _unnamedStreams &= message is not Parse { Statement.IsEmpty: true };
        if (_unnamedStreams && message is Bind { Statement.IsEmpty: true })
        {
            return Taken.AsItIs;
        }
        if (message is Parse { Statement.IsEmpty: true } parse && _client.Verdicts.Of(parse.Query.Bytes.Span).Trace.Deallocates is { } name
            && Sends(_names.Deallocate(WireText.Of(name), parse)))
        {
            return Taken.Whole;
        }
        Sends(_names.Rewrite(message));
        runs = NoteUse(message is Bind);
        return Taken.Whole;
    }

    // Whether a message has to be given again when more is answered; what is to be asked for that is asked.
    private bool MustWait(IFrontendMessage message)
    {
        _client.Statements!.Meaning = _client.Settings.Meaning;
        if (_names.MustWait(message))
        {
            return true;
        }
        _mayEnd &= _link.Use.IsAwaiting && !_link.Use.IsSkipping;
        if (_mayEnd)
        {
            AskForAnswers();
            return true;
        }
        // what the server skips it does not answer
        return !_link.Use.IsSkipping && _names.Verify(message) is { Count: > 0 } questions && Sends(questions);
    }

    // a series is answered no sooner than at its end, unless it is asked for
    private void AskForAnswers()
    {
        if (_link.Use.IsSeriesOpen)
        {
            Send(new(Flush.Instance, Accounts.None, IsHidden: true));
        }
    }

    private bool Sends(IReadOnlyList<Outgoing>? messages)
    {
        for (var i = 0; i < messages?.Count; i++)
        {
            Send(messages[i]);
        }
        return messages is not null;
    }

    // What a text leaves behind it leaves when it runs, which may be long after it was prepared.
    private SessionTrace? NoteUse(bool runs)
    {
        if (_names.Used is not { } used)
        {
            return null;
        }
        _used.Add(used);
        return runs ? _client.Verdicts.Of(_client.Book[used].Query.Bytes.Span).Trace : null;
    }

    private void Send(Outgoing outgoing)
    {
        if (outgoing.Answer is { } answer)
        {
            _link.Use.AnswersHere(answer, outgoing.Accounts);
            return;
        }
        outgoing.Message!.Write(_buffers.ToServer);
        var (type, target) = outgoing.Message switch
        {
            Parse => (FrontendType.Parse, default),
            Bind => (FrontendType.Bind, default),
            Describe describe => (FrontendType.Describe, describe.Kind),
            Close close => (FrontendType.Close, close.Kind),
            Execute => (FrontendType.Execute, default),
            Sync => (FrontendType.Sync, default),
            Flush => (FrontendType.Flush, default),
            var other => throw new InvalidOperationException($"{other.GetType().Name} is not renamed"),
        };
        _link.Use.Sent(type, target, outgoing.IsHidden, outgoing.Accounts);
    }

    /// <summary>
    /// One that is too long to be held whole. The values of a Bind pass as they come, behind names of ours; a text that nobody can keep is
    /// passed on without a name, for this link alone.
    /// </summary>
    private Taken TakeLong(in Frame frame, ref SessionTrace? runs, out WireError? error)
    {
        error = null;
        if (!frame.IsFirst)
        {
            return Taken.AsItIs;
        }
        var first = frame.Body.ToArray();
        var portalEnd = Array.IndexOf(first, (byte)0);
        switch ((FrontendType)frame.Type)
        {
            case FrontendType.Parse when first is [0, ..]:
                (_unnamedStreams, runs) = (true, SessionTrace.Unknown);
                return Taken.AsItIs;
            case FrontendType.Parse:
                error = new(WireErrorKind.BadLength, $"a Parse with a name has {frame.Length} bytes; it may have {FrameInput.WholeUpTo}");
                return Taken.Whole;
            case FrontendType.Bind when portalEnd >= 0 && Array.IndexOf(first, (byte)0, portalEnd + 1) is var nameEnd and > 0:
                return TakeLongBind(frame, first, portalEnd + 1, nameEnd, ref runs);
            default:
                error = new(WireErrorKind.BadField, "a name in a long message does not end");
                return Taken.Whole;
        }
    }

    private Taken TakeLongBind(in Frame frame, byte[] first, int nameAt, int nameEnd, ref SessionTrace? runs)
    {
        var name = new WireText(first.AsMemory(nameAt, nameEnd - nameAt));
        if (name.IsEmpty && _unnamedStreams)
        {
            return Taken.AsItIs;
        }
        var bind = new Bind(WireText.Empty, name, [], [], []);
        if (MustWait(bind))
        {
            return Taken.Later;
        }
        var rewritten = _names.Rewrite(bind);
        foreach (var ahead in rewritten.SkipLast(1))
        {
            Send(ahead);
        }
        var server = ((Bind)rewritten[^1].Message!).Statement;
        LongAccounts = rewritten[^1].Accounts;
        var writer = _buffers.ToServer;
        writer.Byte(frame.Type);
        writer.Int32(frame.Length + sizeof(int) + server.Bytes.Length - name.Bytes.Length);
        writer.Bytes(first.AsSpan(0, nameAt));
        writer.Text(server);
        writer.Bytes(first.AsSpan(nameEnd + 1));
        _link.Use.SentPiece();
        runs = NoteUse(runs: true);
        return Taken.Whole;
    }
}

/// <summary>What has become of a message that names a statement.</summary>
internal enum Taken
{
    /// <summary>It is written.</summary>
    Whole,

    /// <summary>It is to be passed on as it is.</summary>
    AsItIs,

    /// <summary>It is to be given again when what was sent before is answered.</summary>
    Later,
}
