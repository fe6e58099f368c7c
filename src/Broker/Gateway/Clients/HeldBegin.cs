using Broker.Configuration;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Prepared;
using Broker.Gateway.Traces;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;

namespace Broker.Gateway.Clients;

/// <summary>
/// A client's BEGIN that was answered here and is sent with what the client says next: a client that has begun and thinks needs no link,
/// and its transaction is a round trip shorter. Only a text that no server refuses outside a transaction (<see cref="BeginText"/>), and
/// only where links go back after transactions. A transaction's moment, as <c>now()</c>, is when the server hears of it.
/// </summary>
internal sealed class HeldBegin
{
    private readonly ClientStatements? _statements;

    internal HeldBegin(GatewaySettings settings, PoolMode mode, ClientMemory client) =>
        _statements = settings.HoldBegin && mode is PoolMode.Transaction ? client.Statements : null;

    /// <summary>Whether the client is in a transaction of which the server has not heard.</summary>
    internal bool IsHeld => Text is not null;

    /// <summary>Where the client stands, as it knows.</summary>
    internal TransactionStatus Status => IsHeld ? TransactionStatus.InTransaction : TransactionStatus.Idle;

    private WireText? Text { get; set; }

    /// <summary>Takes a message of a client that has no link, if it is such a BEGIN: then it is answered.</summary>
    internal bool Takes(in Frame frame, WireWriter answer)
    {
        if (_statements is null || IsHeld || frame is not { IsWhole: true, Type: (byte)FrontendType.Query } || !frame.Body.IsSingleSegment
            || frame.Body.FirstSpan is not [.. var text, 0] || BeginText.TagOf(text) is not { } tag)
        {
            return false;
        }
        Text = new(text.ToArray());
        // as any Query it ends the unnamed statement
        _statements.Query();
        _statements.Settle(Fate.Done);
        new CommandComplete(tag).Write(answer);
        new ReadyForQuery(Status).Write(answer);
        return true;
    }

    /// <summary>There is a link: it is sent, ahead of all else.</summary>
    internal void SendBy(Exchange exchange)
    {
        if (Text is { } text)
        {
            exchange.Begin(text);
            Text = null;
        }
    }
}
