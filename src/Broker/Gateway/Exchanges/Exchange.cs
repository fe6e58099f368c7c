using System.Buffers;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.Gateway.Reports;
using Broker.Gateway.Shares;
using Broker.Gateway.Traces;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;

namespace Broker.Gateway.Exchanges;

/// <summary>
/// A client's use of a link: what it sends is renamed where it names prepared statements, and written for the server; what that answers is
/// written for the client, but for what the broker asked. The client's actor moves the bytes. Ends when <see cref="LinkUse.CanRelease"/>.
/// </summary>
internal sealed class Exchange
{
    private static readonly WireText Rollback = WireText.Of("ROLLBACK");

    private readonly ClientMemory _client;
    private readonly ExchangeBuffers _buffers;
    private readonly Renaming? _renaming;
    private readonly bool _forbidsBlocks;
    private readonly Opening _opening;
    private bool _rollsBack, _mustRestore, _passesPieces;

    /// <param name="client">What is kept of the client between its transactions.</param>
    /// <param name="link">The link that it was lent.</param>
    /// <param name="buffers">Where to write to.</param>
    /// <param name="forbidsBlocks">Whether a transaction of several statements is refused.</param>
    internal Exchange(ClientMemory client, WireLink link, ExchangeBuffers buffers, bool forbidsBlocks)
    {
        (_client, Link, _buffers, _forbidsBlocks) = (client, link, buffers, forbidsBlocks);
        _opening = new(link);
        client.Statements?.Join();
        _renaming = client.Statements is { } statements ? new(client, statements, link, buffers) : null;
    }

    /// <summary>The link.</summary>
    internal WireLink Link { get; }

    /// <summary>Whether the link's session may now hold what another client must not meet.</summary>
    internal bool IsDirty { get; private set; }

    /// <summary>Whether the settings of the client are being applied: nothing of the client's may be sent.</summary>
    internal bool IsTuning { get; private set; }

    /// <summary>Why the client's settings could not be applied; null when they could.</summary>
    internal ErrorResponse? TuningFailed { get; private set; }

    /// <summary>Whether the server has ended the connection, or broke the protocol.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Where the client stands, as far as it knows.</summary>
    internal TransactionStatus Status => _opening.IsUnderWay ? TransactionStatus.InTransaction : Use.Status;

    /// <summary>How many ReadyForQuery the client waits for.</summary>
    internal int Outstanding => Use.ReadyOwed + (_rollsBack ? 1 : 0);

    /// <summary>Whether nothing is under way and no transaction is open: what comes next is the first of something new.</summary>
    internal bool IsQuiet => !IsTuning && Outstanding == 0 && (Use.IsSpent || (Use.IsAtRest && Use.Status is TransactionStatus.Idle));

    /// <summary>Whether the client waits for the server, and the server for nothing of the client's.</summary>
    internal bool IsBusy => Outstanding > 0 && !Use.IsCopyIn;

    /// <summary>In what condition the link is given back when all is quiet.</summary>
    internal LinkCondition Condition =>
        Use.IsSpent ? LinkCondition.Broken : IsDirty ? LinkCondition.Dirty : Use.CanRelease ? LinkCondition.Clean : LinkCondition.Cancelled;

    private LinkUse Use => Link.Use;

    /// <summary>Applies what the client has set to the link; nothing when it is so already.</summary>
    internal void Tune()
    {
        if (_client.Settings.DifferenceTo(Link) is not { } sql)
        {
            return;
        }
        IsTuning = true;
        LinkTuning.Ask(Link, sql, _buffers.ToServer);
    }

    /// <summary>Gives the client again what it began with, on a link that it keeps, if it has reset its session. Only when quiet.</summary>
    internal void Restore()
    {
        if (_mustRestore)
        {
            _mustRestore = false;
            // what the client began with was set by us, and is a default for the client only
            Link.Applied = LinkTuning.Nothing;
            Tune();
        }
    }

    /// <summary>Begins a transaction that the client takes to be begun.</summary>
    internal void Begin(WireText sql) => _opening.Ask(sql, _buffers.ToServer);

    private void ForbidBlock()
    {
        _rollsBack = true;
        const string Cause = "a transaction of several statements is not allowed here (broker.gateway.mode = statement); it is rolled back";
        ErrorReports.Error("0A000", Cause).Write(_buffers.ToClient);
        LinkTuning.Ask(Link, Rollback, _buffers.ToServer);
    }

    /// <summary>Takes a message of the client's, or a piece of one.</summary>
    /// <param name="frame">The message.</param>
    /// <param name="error">Why it is none: the client cannot be understood any more.</param>
    /// <returns>False when it must wait until what was sent before is answered; it is to be given again then.</returns>
    internal bool FromClient(in Frame frame, out WireError? error)
    {
        error = null;
        var type = (FrontendType)frame.Type;
        switch (type)
        {
            case FrontendType.Sync or FrontendType.Flush when Use.IsCopyIn:
                return true;
            case FrontendType.Sync:
                _renaming?.NextSeries();
                break;
            case FrontendType.Query:
                return OnQuery(frame);
            case FrontendType.FunctionCall when frame.IsFirst:
                // which function, only the server knows
                IsDirty = true;
                break;
            case FrontendType.Parse or FrontendType.Bind or FrontendType.Describe or FrontendType.Close when _renaming is not null:
                return OnNamed(frame, out error);
            case FrontendType.Parse when frame.IsFirst:
                Note(frame.IsWhole ? _client.Verdicts.Of(Frames.TextOf(frame.Body, skip: 1)).Trace : SessionTrace.Unknown);
                // a name stays in the session
                IsDirty |= !Frames.TextOf(frame.Body, skip: 0).IsEmpty;
                break;
        }
        Pass(frame);
        return true;
    }

    /// <summary>Takes a message of the server's, or a piece of one.</summary>
    /// <returns>Whether ReadyForQuery was passed on to the client, or the settings are applied: there may be something to decide.</returns>
    internal bool FromServer(in Frame frame)
    {
        if (!frame.IsFirst)
        {
            if (_passesPieces)
            {
                _buffers.ToClient.Write(frame);
            }
            if (frame.IsLast)
            {
                Use.ReceivedLastPiece();
            }
            return false;
        }
        var type = (BackendType)frame.Type;
        var addressee = Use.Received(type, Hearing.StatusIn(frame), frame.IsWhole);
        _passesPieces = addressee switch
        {
            Addressee.Client => ForClient(type, frame),
            Addressee.Broker => ForBroker(type, frame),
            Addressee.Anyone => ForAnyone(type, frame),
            Addressee.Breach => Breach(),
        };
        if (_passesPieces)
        {
            _buffers.ToClient.Write(frame);
        }
        Settle();
        return type is BackendType.ReadyForQuery;
    }

    /// <summary>Tells the accounts what is settled, and gives the answers of our own that are due.</summary>
    private void Settle()
    {
        while (Use.TryTakeSettled(out var settled))
        {
            if (settled.Accounts.HasFlag(Accounts.Client))
            {
                _client.Statements!.Settle(settled.Fate);
            }
            if (settled.Accounts.HasFlag(Accounts.Link))
            {
                Link.Statements.Settle(settled.Fate);
            }
            if (settled.Accounts.HasFlag(Accounts.Results))
            {
                Link.Statements.Described(settled.Fate);
            }
            if (settled.Answer is { } answer)
            {
                _buffers.ToClient.Begin((byte)answer);
                _buffers.ToClient.End();
            }
        }
    }

    private bool OnQuery(in Frame frame)
    {
        if (frame.IsFirst)
        {
            var trace = frame.IsWhole ? _client.Verdicts.Of(Frames.TextOf(frame.Body, skip: 0)).Trace : SessionTrace.Unknown;
            var taken = _renaming?.TakeQuery(trace) ?? Taken.AsItIs;
            if (taken is Taken.Later)
            {
                return false;
            }
            if (taken is Taken.Whole)
            {
                Settle();
                return true;
            }
            Note(trace);
        }
        if (frame.IsLast)
        {
            _renaming?.EndUnnamed();
            _buffers.ToServer.Write(frame);
            Use.Sent(FrontendType.Query, accounts: _renaming is null ? Accounts.None : Accounts.Client | Accounts.Link);
            Settle();
            return true;
        }
        _buffers.ToServer.Write(frame);
        Use.SentPiece();
        return true;
    }

    private bool OnNamed(in Frame frame, out WireError? error)
    {
        var taken = _renaming!.Take(frame, isApart: IsDirty, out var runs, out error);
        if (runs is not null)
        {
            Note(runs);
        }
        if (taken is Taken.AsItIs)
        {
            Pass(frame, _renaming.LongAccounts);
        }
        else
        {
            Settle();
        }
        return taken is not Taken.Later;
    }

    private void Note(SessionTrace trace)
    {
        if (trace.EndsStatements)
        {
            _renaming?.EndAll();
        }
        // Texts are judged by what they mean to a client without settings.
        IsDirty |= !_client.Settings.MeansTheUsual;
        // what the server reports is put right for the next client by its report
        var isReported = trace.Change is { Kind: not SettingChangeKind.ResetAll, Name: var name } change
            && !(change.Kind is SettingChangeKind.Reset && _client.Settings.Wishes(name))
            && Link.Settings.Keys.Any(reported => reported.ToString().Equals(name, StringComparison.OrdinalIgnoreCase));
        IsDirty |= isReported ? SettingText.ChangesMeaning(trace.Change!.Name) : trace.IsDirty;
        if (trace.Sets)
        {
            _client.Settings.Sent(isReported ? null : trace.Change, Use.ReadyOwed);
        }
    }

    private void Pass(in Frame frame, Accounts accounts = Accounts.None)
    {
        _buffers.ToServer.Write(frame);
        if (frame.IsLast)
        {
            var target = (FrontendType)frame.Type is FrontendType.Describe or FrontendType.Close && !frame.Body.IsEmpty
                ? (TargetKind)frame.Body.FirstSpan[0] : TargetKind.Statement;
            Use.Sent((FrontendType)frame.Type, target, accounts: accounts);
            Settle();
        }
        else
        {
            Use.SentPiece();
        }
    }

    private bool ForClient(BackendType type, in Frame frame)
    {
        switch (type)
        {
            case BackendType.CommandComplete when frame.IsWhole:
                OnTag(frame.Body.FirstSpan);
                break;
            case BackendType.ErrorResponse:
                return OnError(frame);
            case BackendType.ReadyForQuery when _forbidsBlocks && Use.Status is not TransactionStatus.Idle:
                ForbidBlock();
                return false;
            case BackendType.ReadyForQuery:
                _opening.End();
                _renaming?.Forget();
                _client.Settings.TransactionIs(Use.Status);
                break;
        }
        return true;
    }

    private bool ForBroker(BackendType type, in Frame frame)
    {
        Hearing.Columns(Link, type, frame);
        switch (type)
        {
            case BackendType.ErrorResponse when IsTuning:
                TuningFailed = BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) as ErrorResponse;
                return false;
            case BackendType.ErrorResponse when _opening.IsAsked:
                Opening.Refuse(frame, _buffers.ToClient);
                IsBroken = true;
                return false;
            case BackendType.CommandComplete when !IsTuning:
                _opening.Done();
                return false;
            case BackendType.ErrorResponse:
                // Of what was prepared ahead: it is the client's own, and the rest of its series is skipped.
                _client.Settings.Failed();
                return true;
            case BackendType.ReadyForQuery when IsTuning:
                IsTuning = false;
                if (TuningFailed is null)
                {
                    _client.Settings.Applied(Link);
                }
                return false;
            case BackendType.ReadyForQuery when _rollsBack:
                _rollsBack = false;
                _client.Settings.Failed();
                _client.Settings.TransactionIs(Use.Status);
                return true;
            default:
                return false;
        }
    }

    private bool ForAnyone(BackendType type, in Frame frame)
    {
        switch (type)
        {
            case BackendType.ParameterStatus:
                if (Hearing.Keep(Link, frame) is not { } status)
                {
                    IsBroken = true;
                    return false;
                }
                if (IsTuning)
                {
                    return false;
                }
                _client.Settings.Reported(status.Name, status.Value);
                return true;
            case BackendType.ErrorResponse:
                IsBroken = true;
                return true;
            default:
                return !IsTuning;
        }
    }

    private bool Breach()
    {
        IsBroken = true;
        return false;
    }

    private void OnTag(ReadOnlySpan<byte> tag)
    {
        if (tag.StartsWith("DISCARD ALL"u8) || tag.StartsWith("DEALLOCATE ALL"u8))
        {
            Link.Statements.Clear();
            _client.Statements?.Clear();
        }
        if (tag.StartsWith("DISCARD ALL"u8) || tag.StartsWith("RESET"u8))
        {
            _mustRestore = _client.Settings.HasWishes;
        }
        _client.Settings.Completed(tag);
    }

    // Whether it may pass as it is.
    private bool OnError(in Frame frame)
    {
        _client.Settings.Failed();
        if (_renaming is null || !frame.IsWhole || BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) is not ErrorResponse error)
        {
            return true;
        }
        _renaming.Learn(error, isApart: IsDirty);
        if (_renaming.ByClientsName(error) is not { } renamed)
        {
            return true;
        }
        renamed.Write(_buffers.ToClient);
        return false;
    }
}
