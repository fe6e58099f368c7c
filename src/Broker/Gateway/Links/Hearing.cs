using System.Buffers;
using Broker.Gateway.Prepared;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Releasing;

namespace Broker.Gateway.Links;

/// <summary>
/// What is heard on a link by whoever has it: what the server reports, what it has done with what was sent, where it stands. Its own actor
/// passes all over (<see cref="Take"/>): nothing of it is for a client, so nothing is held, however long it is.
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
        link.Use.Received(type, StatusIn(frame), frame.IsWhole);
        if (type is BackendType.ParameterStatus)
        {
            Keep(link, frame);
        }
        Columns(link, type, frame);
        Settle(link);
        return type;
    }

    /// <summary>What a ReadyForQuery says; none of the three for other messages, and for one that is none.</summary>
    internal static TransactionStatus StatusIn(in Frame frame) =>
        (BackendType)frame.Type is BackendType.ReadyForQuery && frame.Body.FirstSpan is [var status] ? (TransactionStatus)status : default;

    /// <summary>Keeps the columns that the broker asked for.</summary>
    internal static void Columns(WireLink link, BackendType type, in Frame frame)
    {
        switch (type)
        {
            case var _ when !link.Statements.IsDescribing:
                break;
            case BackendType.NoData:
                link.Statements.Hear(ResultShape.Empty);
                break;
            case BackendType.RowDescription:
                link.Statements.Hear(frame.IsWhole ? ResultShape.Of(frame.Body.ToArray()) : null);
                break;
        }
    }

    /// <summary>Tells the link's account what is settled, where nobody else keeps one.</summary>
    internal static void Settle(WireLink link)
    {
        while (link.Use.TryTakeSettled(out var settled))
        {
            if (settled.Accounts.HasFlag(Accounts.Link))
            {
                link.Statements.Settle(settled.Fate);
            }
            if (settled.Accounts.HasFlag(Accounts.Results))
            {
                link.Statements.Described(settled.Fate);
            }
        }
    }

    /// <summary>
    /// Keeps a setting that the server reports. One that is too long to be held is not known any more: the link's settings cannot be
    /// trusted, which makes it doubtful, and there is none.
    /// </summary>
    internal static ParameterStatus? Keep(WireLink link, in Frame frame)
    {
        if (frame.IsWhole && BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) is ParameterStatus status)
        {
            (link.Settings[status.Name], link.Fits) = (status.Value, null);
            return status;
        }
        link.Use.Doubt();
        return null;
    }
}
