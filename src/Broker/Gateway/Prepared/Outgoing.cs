using Broker.PgWire.Messages;
using Broker.PgWire.Releasing;

namespace Broker.Gateway.Prepared;

/// <summary>
/// What takes the place of a client's message: a message for the server, or an answer that the gateway gives itself when all before it is
/// answered.
/// </summary>
/// <param name="Message">For the server; null for an answer of our own.</param>
/// <param name="Accounts">Who is told its fate.</param>
/// <param name="IsHidden">Whether the client is not to see the answer.</param>
internal sealed record Outgoing(IFrontendMessage? Message, Accounts Accounts, bool IsHidden = false)
{
    /// <summary>Our own answer: ParseComplete or CloseComplete.</summary>
    internal BackendType? Answer { get; private init; }

    internal static Outgoing Here(BackendType answer, Accounts accounts) => new(null, accounts) { Answer = answer };
}
