using Broker.PgWire.Messages;

namespace Broker.Gateway.Prepared;

/// <summary>What takes the place of a client's message: a message for the server, or an answer that the gateway gives itself when all before it is answered.</summary>
/// <param name="Message">For the server; null for an answer of our own.</param>
/// <param name="Outcome">To whom it is told whether it was done.</param>
/// <param name="IsHidden">Whether the client is not to see the answer.</param>
internal sealed record Outgoing(IFrontendMessage? Message, Outcome Outcome, bool IsHidden = false)
{
    /// <summary>Our own answer: ParseComplete or CloseComplete.</summary>
    internal BackendType? Answer { get; private init; }

    internal static Outgoing Here(BackendType answer, Outcome outcome) => new(null, outcome) { Answer = answer };
}

/// <summary>Who is to be told whether something that was sent was done, failed or was skipped.</summary>
[Flags]
internal enum Outcome
{
    /// <summary>Nobody.</summary>
    Nobodys = 0,

    /// <summary>The names of the client.</summary>
    OfClient = 1,

    /// <summary>The statements of the link.</summary>
    OfLink = 2,
}
