using Broker.Gateway.Prepared;
using Broker.Gateway.Traces;

namespace Broker.Gateway.Exchanges;

/// <summary>What is kept of a client from one of its transactions to the next.</summary>
/// <param name="Book">The prepared texts of its pool.</param>
/// <param name="Verdicts">What the texts of its pool leave in a session.</param>
/// <param name="Statements">The names of its prepared statements; null when they are not rewritten.</param>
/// <param name="Settings">What it has set.</param>
internal sealed record ClientMemory(StatementBook Book, TextVerdicts Verdicts, ClientStatements? Statements, ClientSettings Settings);
