using System.Buffers;
using System.Collections.Immutable;
using Akka.Actor;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Values;

namespace Broker.Gateway.Errands;

/// <summary>
/// A trip of reads, on a session that only reads. Each is answered when it is complete. One that fails ends the trip: those before it have
/// their answers, it is told, or run again alone where the trip may have been the cause, and those behind it run again alone.
/// </summary>
internal sealed class ReadTrip : WireTrip
{
    /// <inheritdoc cref="WireTrip"/>
    internal ReadTrip(WireLink link, StatementBook book, ImmutableArray<WireErrand> members, int replyLimit, WireWriter answer)
        : base(link, book, members, replyLimit, answer)
    {
    }

    /// <inheritdoc/>
    protected override bool IsExpected(ReadOnlySpan<byte> tag) => tag.StartsWith("SELECT"u8);

    /// <inheritdoc/>
    internal override void Lose(ErrorResponse? culprit)
    {
        // when an error ended the trip before, none of those that are left was running
        if (culprit is not null && Sent && !Failed && Current is not null)
        {
            Gathered.Clear();
            culprit.Write(Gathered);
            Answer();
        }
        RunRestAgain();
    }

    /// <inheritdoc/>
    protected override void Fail(in Frame frame)
    {
        Failed = true;
        if (Current is not { } current)
        {
            return;
        }
        if (IsOverfull || (BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) is ErrorResponse error
            && (TripErrors.MayBeOfTheTrip(error.SqlState) || StatementNumber.FirstIn(error['M']) is not null)))
        {
            if (current is WireErrand.Series)
            {
                Link.Statements.Doubt(Number);
            }
            RunRestAgain();
            return;
        }
        Gathered.Write(frame);
        Answer();
    }

    /// <inheritdoc/>
    protected override void Complete()
    {
        if (!IsOverfull && IsAsTold)
        {
            Answer();
            return;
        }
        // it may be done before the cancel that was sent for its length; and what is not as its client was told, it is told when it runs
        // alone
        IsOverfull = false;
        RunAgain();
        RunUnsentAgain();
    }

    /// <inheritdoc/>
    protected override void End()
    {
        IsOver = true;
        RunRestAgain();
    }

    private void Answer()
    {
        var member = Current!;
        Gathered.Bytes(Ready);
        member.Client.Tell(new ErrandAnswered(member.Number, Parsed, Gathered.Written.ToArray()), ActorRefs.NoSender);
        Completed += Failed ? 0 : 1;
        Next();
        RunUnsentAgain();
    }
}
