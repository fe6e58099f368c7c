using System.Buffers;
using Broker.Gateway.Links;
using Broker.Gateway.Reports;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Values;

namespace Broker.Gateway.Exchanges;

/// <summary>
/// The beginning of a transaction that a client takes to be begun, and of which a link's server hears now, ahead of what the client says.
/// By the extended protocol, without a Sync: should it fail, the server skips what is behind it, which else would be carried out and
/// committed by itself. The client is closed then, since nothing else says to it that it is in no transaction.
/// </summary>
/// <param name="link">The link.</param>
internal sealed class Opening(WireLink link)
{
    /// <summary>Whether the server has not answered it.</summary>
    internal bool IsAsked { get; private set; }

    /// <summary>Whether the server has not said yet that it stands in a transaction.</summary>
    internal bool IsUnderWay { get; private set; }

    /// <summary>Begins.</summary>
    internal void Ask(WireText sql, WireWriter writer)
    {
        (IsAsked, IsUnderWay) = (true, true);
        LinkTuning.AskWithin(link, sql, writer);
    }

    /// <summary>The server has begun.</summary>
    internal void Done() => IsAsked = false;

    /// <summary>The server has refused: the client is told.</summary>
    internal static void Refuse(in Frame frame, WireWriter answer)
    {
        if (BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) is ErrorResponse error)
        {
            ErrorReports.Fatal(error.SqlState, $"the transaction was not begun: {error.Text}").Write(answer);
        }
    }

    /// <summary>The client was told where the server stands.</summary>
    internal void End() => IsUnderWay = false;
}
