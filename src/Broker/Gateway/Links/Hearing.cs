using System.Buffers;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Releasing;

namespace Broker.Gateway.Links;

/// <summary>
/// What a link's own actor does with what the server says: it keeps account of it, and passes it over. Nothing of it is for a client, so
/// nothing is held, however long it is.
/// </summary>
internal static class Hearing
{
    /// <summary>Takes a message, or a piece of one.</summary>
    /// <returns>Of what type it was, when it begins here; null for the rest of one. A breach makes the link doubtful.</returns>
    internal static BackendType? Take(WireLink link, Frame frame)
    {
        if (!frame.IsFirst)
        {
            if (frame.IsLast)
            {
                link.Use.ReceivedLastPiece();
            }
            return null;
        }
        var type = (BackendType)frame.Type;
        link.Use.Received(type, StatusIn(type, frame), frame.IsWhole);
        if (type is BackendType.ParameterStatus)
        {
            Keep(link, frame);
        }
        while (link.Use.TryTakeSettled(out var settled))
        {
            if (settled.Accounts.HasFlag(Accounts.Link))
            {
                link.Statements.Settle(settled.Fate);
            }
        }
        return type;
    }

    private static TransactionStatus StatusIn(BackendType type, Frame frame) =>
        type is BackendType.ReadyForQuery && BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) is ReadyForQuery ready
            ? ready.Status : default;

    // One that is too long to be held is not known any more: the link's settings cannot be trusted.
    private static void Keep(WireLink link, Frame frame)
    {
        if (frame.IsWhole && BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) is ParameterStatus status)
        {
            link.Settings[status.Name] = status.Value;
            return;
        }
        link.Use.Doubt();
    }
}
