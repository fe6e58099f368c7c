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
/// Errands of several clients in one round trip: their messages behind each other, one Sync behind all, so that they are one transaction.
/// What becomes of a member that is complete, of one that fails and of those behind it, reads and writes know (<see cref="ReadTrip"/>,
/// <see cref="WriteTrip"/>).
/// </summary>
internal abstract class WireTrip
{
    /// <summary>What each answer ends with.</summary>
    protected static readonly byte[] Ready = [(byte)BackendType.ReadyForQuery, 0, 0, 0, 5, (byte)TransactionStatus.Idle];

    private static readonly byte[] ParseDone = [(byte)BackendType.ParseComplete, 0, 0, 0, 4];

    private readonly StatementNumber[] _numbers;
    private readonly int _replyLimit;
    private bool _passesPieces;

    /// <param name="link">The link, at rest.</param>
    /// <param name="book">The texts of the pool.</param>
    /// <param name="members">Who travels; at least one.</param>
    /// <param name="replyLimit">How many bytes of an answer are held.</param>
    /// <param name="answer">Where an answer is gathered; used again by the next trip.</param>
    protected WireTrip(WireLink link, StatementBook book, ImmutableArray<WireErrand> members, int replyLimit, WireWriter answer)
    {
        (Link, Book, Members, _replyLimit, Gathered) = (link, book, members, replyLimit, answer);
        _numbers = new StatementNumber[members.Length];
        answer.Clear();
    }

    /// <summary>Who travels.</summary>
    internal ImmutableArray<WireErrand> Members { get; }

    /// <summary>How many have their answer.</summary>
    internal int Completed { get; private protected set; }

    /// <summary>Whether the server is ready again, and all are told.</summary>
    internal bool IsOver { get; private protected set; }

    /// <summary>Whether the server has ended the connection, or broke the protocol.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Whether an answer is too long to be held: the trip is to be cancelled, and that errand runs alone.</summary>
    internal bool IsOverfull { get; private protected set; }

    /// <summary>Whether the server did something else than a text seems to say: what it has left in the session, nobody knows.</summary>
    internal bool IsOdd { get; private set; }

    /// <summary>How long the server worked on the members, by its own clock; null when it did not say.</summary>
    internal virtual TimeSpan? Work => null;

    /// <summary>The member that ended it by an error; null when none did.</summary>
    internal WireErrand? Guilty { get; private protected set; }

    /// <summary>The link.</summary>
    protected WireLink Link { get; }

    /// <summary>The texts of the pool.</summary>
    protected StatementBook Book { get; }

    /// <summary>What the server has answered to the current member so far.</summary>
    protected WireWriter Gathered { get; }

    /// <summary>Whose turn it is, counted from 0.</summary>
    protected int Turn { get; private set; }

    /// <summary>Whether an error has ended it.</summary>
    protected bool Failed { get; private protected set; }

    /// <summary>Whether it was sent.</summary>
    protected bool Sent { get; private set; }

    /// <summary>Whose turn it is; null when all have had theirs.</summary>
    protected WireErrand? Current => Turn < Members.Length ? Members[Turn] : null;

    /// <summary>The prepared text of the current member, if it has one.</summary>
    protected StatementNumber Number => _numbers[Turn];

    /// <summary>Whether the current member was told that its Parse is done.</summary>
    protected bool Parsed { get; private set; }

    /// <summary>Whether an answer that is too long is held all the same, up to the moment at which a cancel reaches it.</summary>
    protected virtual bool KeepsOverfull => false;

    /// <summary>
    /// Whether a member may run as soon as it is prepared, though nobody has looked then whether its columns are what its client was told.
    /// </summary>
    protected virtual bool RunsUnseen(StatementNumber number) => true;

    /// <summary>Whether a tag is one of a member's.</summary>
    protected abstract bool IsExpected(ReadOnlySpan<byte> tag);

    /// <summary>Writes it.</summary>
    internal void Write(WireWriter writer)
    {
        Sent = true;
        WriteAhead(writer);
        for (var i = 0; i < Members.Length; i++)
        {
            switch (Members[i])
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
        WriteBehind(writer);
        Sync.Instance.Write(writer);
        Link.Use.Sent(FrontendType.Sync);
        Link.Statements.NextSeries();
    }

    /// <summary>Writes what goes ahead of the members.</summary>
    protected virtual void WriteAhead(WireWriter writer)
    {
    }

    /// <summary>Writes what goes behind them.</summary>
    protected virtual void WriteBehind(WireWriter writer)
    {
    }

    private void Write(WireWriter writer, WireErrand.Simple simple)
    {
        new Parse(WireText.Empty, simple.Text, []).Write(writer);
        Link.Statements.BecomeUnnamed(null);
        Link.Use.Sent(FrontendType.Parse, hidden: true, accounts: Accounts.Link);
        new Bind(WireText.Empty, WireText.Empty, [], [], []).Write(writer);
        Link.Use.Sent(FrontendType.Bind, hidden: true);
        WriteRun(writer, describes: true);
    }

    private void Write(WireWriter writer, WireErrand.Series series, int index)
    {
        var number = Book.Keep(series.Text);
        if (series.Statement is { } statement && statement != number)
        {
            // its client is gone, or knows another result: it is not sent
            Book.Release(number);
            return;
        }
        var isUnseen = false;
        foreach (var step in Link.Statements.Use(number))
        {
            isUnseen |= step.Parse;
            if (step.Parse)
            {
                var text = Book[step.Number];
                new Parse(step.Number.ServerName, text.Query, text.ParameterTypes).Write(writer);
            }
            else
            {
                new Close(TargetKind.Statement, step.Number.ServerName).Write(writer);
            }
            Link.Use.Sent(step.Parse ? FrontendType.Parse : FrontendType.Close, hidden: true, accounts: Accounts.Link);
            if (step.Parse)
            {
                Link.Statements.Describe(step.Number);
                new Describe(TargetKind.Statement, step.Number.ServerName).Write(writer);
                Link.Use.Sent(FrontendType.Describe, TargetKind.Statement, hidden: true, accounts: Accounts.Results);
            }
        }
        // the link keeps it from here on
        Book.Release(number);
        if (isUnseen && !RunsUnseen(number))
        {
            return;
        }
        _numbers[index] = number;
        writer.Begin((byte)FrontendType.Bind);
        writer.Text(WireText.Empty);
        writer.Text(number.ServerName);
        writer.Bytes(series.Values.Span);
        writer.End();
        Link.Use.Sent(FrontendType.Bind);
        WriteRun(writer, series.Describes);
    }

    private void WriteRun(WireWriter writer, bool describes)
    {
        if (describes)
        {
            new Describe(TargetKind.Portal, WireText.Empty).Write(writer);
            Link.Use.Sent(FrontendType.Describe, TargetKind.Portal);
        }
        new Execute(WireText.Empty, 0).Write(writer);
        Link.Use.Sent(FrontendType.Execute);
    }

    /// <summary>Takes a message of the server's, or a piece of one.</summary>
    internal void Take(in Frame frame)
    {
        if (!frame.IsFirst)
        {
            Keep(frame);
            if (frame.IsLast)
            {
                Link.Use.ReceivedLastPiece();
            }
            return;
        }
        var type = (BackendType)frame.Type;
        var addressee = Link.Use.Received(type, Hearing.StatusIn(frame), frame.IsWhole);
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
        Hearing.Settle(Link);
    }

    /// <summary>The link is lost, or the trip could not begin: whoever has no answer yet gets one, or runs again alone.</summary>
    /// <param name="culprit">What the one is told that was running; null when none was.</param>
    internal abstract void Lose(ErrorResponse? culprit);

    /// <summary>The server has said something about the trip itself.</summary>
    protected virtual void TakeHidden(BackendType type, in Frame frame) => Hearing.Columns(Link, type, frame);

    /// <summary>The current member's answer is complete, as far as the server has done it.</summary>
    protected abstract void Complete();

    /// <summary>An error: the server skips all that is behind it.</summary>
    protected abstract void Fail(in Frame frame);

    /// <summary>The server is ready.</summary>
    protected abstract void End();

    /// <summary>A notice.</summary>
    protected virtual void Note(in Frame frame)
    {
        _passesPieces = true;
        Keep(frame);
    }

    private void TakeUnasked(BackendType type, in Frame frame)
    {
        if (type is BackendType.ParameterStatus)
        {
            Hearing.Keep(Link, frame);
        }
        else if (type is BackendType.ErrorResponse)
        {
            IsBroken = true;
        }
        else if (type is BackendType.NoticeResponse)
        {
            Note(frame);
        }
    }

    private void TakeAnswer(BackendType type, bool hidden, in Frame frame)
    {
        switch (type)
        {
            case BackendType.ReadyForQuery when hidden:
                EndHidden();
                break;
            case BackendType.ReadyForQuery:
                End();
                break;
            case BackendType.ErrorResponse:
                if (!hidden)
                {
                    KeepParse();
                }
                Fail(frame);
                break;
            case var _ when hidden:
                TakeHidden(type, frame);
                break;
            case BackendType.NoData when Current is WireErrand.Simple:
                // to a Query no server says that
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
                    IsOdd |= type is BackendType.CommandComplete && !IsExpected(frame.Body.FirstSpan);
                    Complete();
                }
                break;
        }
    }

    /// <summary>The server is ready behind what was sent for the trip beside it.</summary>
    protected virtual void EndHidden()
    {
    }

    // Whoever began with a Parse is told that it is done, whether it was to be done or was done before.
    private void KeepParse()
    {
        if (Current is WireErrand.Series { Parses: true } && !Parsed)
        {
            Gathered.Bytes(ParseDone);
            Parsed = true;
        }
    }

    private void Keep(in Frame frame)
    {
        // what is said behind the last of them, as a notice at the commit, is no one's
        if (!_passesPieces || Current is not { } current)
        {
            return;
        }
        if (!IsOverfull && Gathered.Written.Length + frame.Body.Length > _replyLimit)
        {
            IsOverfull = true;
            current.Estimate.Value = current.Estimate.Value.AloneFor(long.MaxValue);
        }
        if (!IsOverfull || KeepsOverfull)
        {
            Gathered.Write(frame);
        }
    }

    /// <summary>Whether the columns of the current member's answer are what its client was told.</summary>
    protected bool IsAsTold => !Book.IsStale(Number);

    /// <summary>The current member has had its turn.</summary>
    protected void Next()
    {
        Turn++;
        Gathered.Clear();
        Parsed = false;
    }

    /// <summary>Members that were not sent cannot be told apart from those that were answered but by their turn: they run again.</summary>
    protected void RunUnsentAgain()
    {
        while (Current is WireErrand.Series && Number == default)
        {
            RunAgain();
        }
    }

    /// <summary>All whose turn was not yet run again, alone.</summary>
    protected void RunRestAgain()
    {
        while (Turn < Members.Length)
        {
            RunAgain();
        }
    }

    /// <summary>The current member runs again, alone.</summary>
    protected void RunAgain()
    {
        RunAgain(Members[Turn]);
        Next();
    }

    /// <summary>A member runs again, alone.</summary>
    internal static void RunAgain(WireErrand member) =>
        member.Client.Tell(new ErrandAnswered(member.Number, false, null), ActorRefs.NoSender);
}
