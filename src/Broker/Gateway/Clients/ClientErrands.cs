using Akka.Actor;
using Broker.Errands;
using Broker.Gateway.Errands;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Prepared;
using Broker.Gateway.Reports;
using Broker.Gateway.Shares;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;

namespace Broker.Gateway.Clients;

/// <summary>
/// Finds among what a client sends the requests that may share a round trip with those of others: single plain reads and writes outside a
/// transaction, by a client that has set nothing. One at a time is under way, so that a client's requests are carried out in their order.
/// Owned by the client's actor.
/// </summary>
internal sealed class ClientErrands
{
    // Types from here on did not come with the server, and may bring code of users.
    private const uint FirstUserType = 16_384;

    private readonly ClientMemory _client;
    private readonly Intake _intake;
    private readonly IActorRef _self;
    private readonly TimeProvider _time;
    private readonly ShareCommands.WantLink _want;
    private long _number;
    private int _length;
    private bool _changes;
    private bool _writes;
    private bool _alone;
    private long? _waitedSince;

    internal ClientErrands(ClientMemory client, Intake intake, IActorRef self, TimeProvider time) =>
        (_client, _intake, _self, _time, _want) = (client, intake, self, time, new(self));

    /// <summary>Whether one is under way.</summary>
    internal bool IsUnderWay { get; private set; }

    /// <summary>The next request, if it may be an errand; null when it may not, or is not all there.</summary>
    internal WireErrand? Next()
    {
        if (_alone
            || _client.Statements is not { } statements
            || RequestShape.Of(_intake.Peek) is not { } shape
            || !_client.Settings.IsPlain)
        {
            return null;
        }
        _changes = false;
        WireErrand? errand = shape.Query is { } query ? Simple(statements, _intake.Peek[query]) : Series(statements, shape);
        if (errand is not null)
        {
            statements.NextSeries();
            _intake.Skip(shape.Length);
            (_length, _writes, IsUnderWay) = (shape.Length, errand.Lane is TripLane.Writes, true);
        }
        return errand;
    }

    /// <summary>One is answered. False when it is not under way any more; it is to be run alone when there is no answer.</summary>
    internal bool Answered(ErrandAnswered answered)
    {
        if (!IsUnderWay || answered.Number != _number)
        {
            return false;
        }
        IsUnderWay = false;
        if (_changes)
        {
            _client.Statements!.Settle(answered.Answer is null ? Fate.Skipped : answered.Parsed ? Fate.Done : Fate.Failed);
        }
        if (answered.Answer is null)
        {
            (_alone, _waitedSince) = (true, answered.WaitedSince);
            _intake.PutBack(_length);
        }
        return true;
    }

    /// <summary>
    /// The one that is under way is wanted no longer. A read is answered by an error, and its own answer will be dropped. A write may take
    /// effect: it is answered by its share if it waits there, and else by what becomes of it.
    /// </summary>
    internal void Drop(Failure failure, WireWriter answer)
    {
        if (_writes)
        {
            return;
        }
        Answered(new(_number, Parsed: false, ReadOnlyMemory<byte>.Empty));
        ErrorReports.Error(failure).Write(answer);
        new ReadyForQuery(TransactionStatus.Idle).Write(answer);
    }

    /// <summary>What had to run alone has run.</summary>
    internal void RanAlone() => (_alone, _waitedSince) = (false, null);

    /// <summary>
    /// Asks for a link, for whatever is not an errand; for one that has waited for its trip in vain, from when it has waited.
    /// </summary>
    internal ShareCommands.WantLink Want => _waitedSince is { } since ? _want with { Since = since } : _want;

    private WireErrand.Simple? Simple(ClientStatements statements, ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty || body.IndexOf((byte)0) != body.Length - 1)
        {
            return null;
        }
        var text = body[..^1];
        var verdict = _client.Verdicts.Of(text);
        // A Query has no values: what names some is refused, in the server's words for a Query.
        if (verdict.Parameters > 0 || !_client.Verdicts.MayTravel(verdict))
        {
            return null;
        }
        // as any Query it ends the unnamed statement
        statements.Query();
        _changes = true;
        return new()
        {
            Client = _self, Number = ++_number, Lane = verdict.Lane, Arrived = _time.GetTimestamp(), Estimate = verdict.Estimate,
            Text = new(text.ToArray()),
        };
    }

    private WireErrand.Series? Series(ClientStatements statements, RequestShape shape)
    {
        var bind = _intake.Peek[shape.Bind!.Value];
        if (bind[1..].IndexOf((byte)0) is not (>= 0 and var length))
        {
            return null;
        }
        var name = new WireText(bind.Slice(1, length).ToArray());
        var parses = shape.Parse is not null;
        var text = shape.Parse is { } body ? TextOf(statements, _intake.Peek[body], name)
            : statements.Find(name) is { } number && !_client.Book.IsStale(number) ? _client.Book[number] : null;
        // one that was prepared by other settings than the client has now, which are none, is not what others prepare
        if (text is null || text.Meaning.Length > 0 || text.ParameterTypes.Any(static type => type >= FirstUserType))
        {
            return null;
        }
        var verdict = _client.Verdicts.Of(text.Query.Bytes.Span);
        if (!_client.Verdicts.MayTravel(verdict))
        {
            return null;
        }
        _changes = parses;
        if (parses)
        {
            statements.Parse(name, text);
        }
        return new()
        {
            Client = _self,
            Number = ++_number,
            Lane = verdict.Lane,
            Arrived = _time.GetTimestamp(),
            Estimate = verdict.Estimate,
            Text = text,
            Statement = parses ? null : statements.Find(name),
            Parses = parses,
            Describes = shape.Describes,
            Values = bind[(length + 2)..].ToArray(),
        };
    }

    // A name that is taken is the server's to refuse, in a transaction of the client's own.
    private static PreparedText? TextOf(ClientStatements statements, ReadOnlySpan<byte> body, WireText name) =>
        FrontendMessages.Read((byte)FrontendType.Parse, body.ToArray(), AwaitedResponse.None, out _) is Parse parse
        && parse.Statement == name && (name.IsEmpty || statements.Find(name) is null) ? new(parse.Query, parse.ParameterTypes) : null;
}
