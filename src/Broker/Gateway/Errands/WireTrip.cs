using System.Buffers;
using System.Collections.Immutable;
using Akka.Actor;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;

namespace Broker.Gateway.Errands;

/// <summary>
/// Errands of several clients in one round trip: their messages behind each other, one Sync behind all, so that they are one transaction, which reads only. Each is answered when it is complete.
/// One that fails ends the trip: those before it have their answers, it is told, or run again alone where the trip may have been the cause, and those behind it run again alone.
/// </summary>
internal sealed class WireTrip
{
    private static readonly byte[] ParseDone = [(byte)BackendType.ParseComplete, 0, 0, 0, 4];
    private static readonly byte[] Ready = [(byte)BackendType.ReadyForQuery, 0, 0, 0, 5, (byte)TransactionStatus.Idle];

    private readonly WireLink _link;
    private readonly StatementBook _book;
    private readonly ImmutableArray<WireErrand> _members;
    private readonly WireWriter _answer;
    private readonly StatementNumber[] _numbers;
    private readonly int _replyLimit;
    private int _current;
    private bool _parsed;
    private bool _passesPieces;
    private bool _failed;

    /// <param name="link">The link, at rest.</param>
    /// <param name="book">The texts of the pool.</param>
    /// <param name="members">Who travels; at least one.</param>
    /// <param name="replyLimit">How many bytes of an answer are held.</param>
    /// <param name="answer">Where answers are held; used again by the next trip.</param>
    internal WireTrip(WireLink link, StatementBook book, ImmutableArray<WireErrand> members, int replyLimit, WireWriter answer)
    {
        (_link, _book, _members, _replyLimit, _answer) = (link, book, members, replyLimit, answer);
        _numbers = new StatementNumber[members.Length];
        answer.Clear();
    }

    /// <summary>Who travels.</summary>
    internal ImmutableArray<WireErrand> Members => _members;

    /// <summary>How many have their answer.</summary>
    internal int Completed { get; private set; }

    /// <summary>Whether the server is ready again.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>Whether the server has ended the connection, or broke the protocol.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Whether an answer is too long to be held: the trip is to be cancelled, and that errand runs alone.</summary>
    internal bool IsOverfull { get; private set; }

    private WireErrand? Current => _current < _members.Length ? _members[_current] : null;

    /// <summary>Writes it.</summary>
    internal void Write(WireWriter writer)
    {
        for (var i = 0; i < _members.Length; i++)
        {
            switch (_members[i])
            {
                case WireErrand.Simple simple:
                    Write(writer, simple);
                    break;
                case WireErrand.Series series:
                    Write(writer, series, i);
                    break;
            }
        }
        RunUnsentAgain();
        Sync.Instance.Write(writer);
        _link.Use.Sent(FrontendType.Sync);
        _link.Statements.NextSeries();
    }

    private void Write(WireWriter writer, WireErrand.Simple simple)
    {
        new Parse(WireText.Empty, simple.Text, []).Write(writer);
        _link.Statements.BecomeUnnamed(null);
        _link.Use.Sent(FrontendType.Parse, hidden: true, accounts: Accounts.Link);
        new Bind(WireText.Empty, WireText.Empty, [], [], []).Write(writer);
        _link.Use.Sent(FrontendType.Bind, hidden: true);
        WriteRun(writer, describes: true);
    }

    private void Write(WireWriter writer, WireErrand.Series series, int index)
    {
        var number = _book.Keep(series.Text);
        if (series.Statement is { } statement && statement != number)
        {
            // its client is gone, or knows another result: it is not sent
            _book.Release(number);
            return;
        }
        _numbers[index] = number;
        foreach (var step in _link.Statements.Use(number))
        {
            if (step.Parse)
            {
                var text = _book[step.Number];
                new Parse(step.Number.ServerName, text.Query, text.ParameterTypes).Write(writer);
            }
            else
            {
                new Close(TargetKind.Statement, step.Number.ServerName).Write(writer);
            }
            _link.Use.Sent(step.Parse ? FrontendType.Parse : FrontendType.Close, hidden: true, accounts: Accounts.Link);
            if (step.Parse)
            {
                _link.Statements.Describe(step.Number);
                new Describe(TargetKind.Statement, step.Number.ServerName).Write(writer);
                _link.Use.Sent(FrontendType.Describe, TargetKind.Statement, hidden: true, accounts: Accounts.Results);
            }
        }
        // the link keeps it from here on
        _book.Release(number);
        writer.Begin((byte)FrontendType.Bind);
        writer.Text(WireText.Empty);
        writer.Text(number.ServerName);
        writer.Bytes(series.Values.Span);
        writer.End();
        _link.Use.Sent(FrontendType.Bind);
        WriteRun(writer, series.Describes);
    }

    private void WriteRun(WireWriter writer, bool describes)
    {
        if (describes)
        {
            new Describe(TargetKind.Portal, WireText.Empty).Write(writer);
            _link.Use.Sent(FrontendType.Describe, TargetKind.Portal);
        }
        new Execute(WireText.Empty, 0).Write(writer);
        _link.Use.Sent(FrontendType.Execute);
    }

    /// <summary>Takes a message of the server's, or a piece of one.</summary>
    internal void Take(in Frame frame)
    {
        if (!frame.IsFirst)
        {
            Keep(frame);
            if (frame.IsLast)
            {
                _link.Use.ReceivedLastPiece();
            }
            return;
        }
        var type = (BackendType)frame.Type;
        var addressee = _link.Use.Received(type, Hearing.StatusIn(frame), frame.IsWhole);
        _passesPieces = false;
        switch (addressee)
        {
            case Addressee.Breach:
                IsBroken = true;
                break;
            case Addressee.Anyone:
                TakeUnasked(type, frame);
                break;
            default:
                TakeAnswer(type, addressee is Addressee.Broker, frame);
                break;
        }
        Hearing.Settle(_link);
    }

    /// <summary>The link is lost, or the trip could not begin: whoever has no answer yet gets one, or runs again alone.</summary>
    /// <param name="culprit">What the one is told that was running; null when none was.</param>
    internal void Lose(ErrorResponse? culprit)
    {
        // when an error ended the trip before, none of those that are left was running
        if (culprit is not null && !_failed && Current is not null)
        {
            _answer.Clear();
            culprit.Write(_answer);
            Answer();
        }
        RunRestAgain();
    }

    private void TakeUnasked(BackendType type, in Frame frame)
    {
        if (type is BackendType.ParameterStatus)
        {
            Hearing.Keep(_link, frame);
        }
        else if (type is BackendType.ErrorResponse)
        {
            IsBroken = true;
        }
        else if (type is BackendType.NoticeResponse)
        {
            _passesPieces = true;
            Keep(frame);
        }
    }

    private void TakeAnswer(BackendType type, bool hidden, in Frame frame)
    {
        switch (type)
        {
            case BackendType.ReadyForQuery when hidden:
                // of what its carrier has set
                break;
            case BackendType.ReadyForQuery:
                IsOver = true;
                RunRestAgain();
                break;
            case BackendType.ErrorResponse:
                if (!hidden)
                {
                    KeepParse();
                }
                Fail(frame);
                break;
            case var _ when hidden:
                Hearing.Columns(_link, type, frame);
                break;
            case BackendType.BindComplete:
                KeepParse();
                _passesPieces = true;
                Keep(frame);
                break;
            default:
                _passesPieces = true;
                Keep(frame);
                if (type is BackendType.CommandComplete or BackendType.EmptyQueryResponse)
                {
                    Complete();
                }
                break;
        }
    }

    // Whoever began with a Parse is told that it is done, whether it was to be done or was done before.
    private void KeepParse()
    {
        if (Current is WireErrand.Series { Parses: true } && !_parsed)
        {
            _answer.Bytes(ParseDone);
            _parsed = true;
        }
    }

    private void Keep(in Frame frame)
    {
        if (!_passesPieces || IsOverfull)
        {
            return;
        }
        if (_answer.Written.Length + frame.Body.Length > _replyLimit)
        {
            IsOverfull = true;
            Current!.Estimate.Value = Current.Estimate.Value.AloneFor(long.MaxValue);
            return;
        }
        _answer.Write(frame);
    }

    private void Fail(in Frame frame)
    {
        _failed = true;
        if (Current is not { } current)
        {
            return;
        }
        if (IsOverfull || (BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) is ErrorResponse error
            && (TripErrors.MayBeOfTheTrip(error.SqlState) || StatementNumber.FirstIn(error['M']) is not null)))
        {
            if (current is WireErrand.Series)
            {
                _link.Statements.Doubt(_numbers[_current]);
            }
            RunRestAgain();
            return;
        }
        _answer.Write(frame);
        Answer();
    }

    // It may be done before the cancel that was sent for its length: what is held of it is not all of it.
    private void Complete()
    {
        if (!IsOverfull && !_book.IsStale(_numbers[_current]))
        {
            Answer();
            return;
        }
        // what is not what its client was told, the client is told when it runs alone
        IsOverfull = false;
        RunAgain();
        RunUnsentAgain();
    }

    private void Answer()
    {
        var member = _members[_current++];
        _answer.Bytes(Ready);
        member.Client.Tell(new ErrandAnswered(member.Number, _parsed, _answer.Written.ToArray()), ActorRefs.NoSender);
        Completed += _failed ? 0 : 1;
        _answer.Clear();
        _parsed = false;
        RunUnsentAgain();
    }

    // who was not sent cannot be told apart from who was answered but by its turn
    private void RunUnsentAgain()
    {
        while (Current is WireErrand.Series && _numbers[_current] == default)
        {
            RunAgain();
        }
    }

    private void RunRestAgain()
    {
        while (_current < _members.Length)
        {
            RunAgain();
        }
    }

    private void RunAgain()
    {
        var member = _members[_current++];
        member.Client.Tell(new ErrandAnswered(member.Number, false, null), ActorRefs.NoSender);
        _answer.Clear();
        _parsed = false;
    }
}
