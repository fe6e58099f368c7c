using Akka.Actor;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Values;

namespace Broker.Gateway.Errands;

/// <summary>What a client is told of its errand when the time has come.</summary>
/// <param name="Member">The errand.</param>
/// <param name="Parsed">Whether its Parse, if it has one, was done.</param>
/// <param name="Answer">What the client is sent, ReadyForQuery behind it.</param>
internal sealed record HeldAnswer(WireErrand Member, bool Parsed, ReadOnlyMemory<byte> Answer)
{
    /// <summary>An error.</summary>
    internal static HeldAnswer Of(WireErrand member, ErrorResponse error)
    {
        var writer = new WireWriter();
        error.Write(writer);
        new ReadyForQuery(TransactionStatus.Idle).Write(writer);
        return new(member, false, writer.Written.ToArray());
    }

    /// <summary>Tells it.</summary>
    internal void Tell() => Member.Client.Tell(new ErrandAnswered(Member.Number, Parsed, Answer), ActorRefs.NoSender);
}
