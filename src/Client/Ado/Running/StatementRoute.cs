using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Running;

/// <summary>How a connection's statements travel: each by itself as an errand, or in a transaction's conversation.</summary>
internal abstract class StatementRoute
{
    /// <summary>Runs statements, one or more; several are all of them carried out, or none.</summary>
    internal abstract ValueTask<ImmutableArray<StepResult>> RunAsync(ImmutableArray<Statement> statements, CancellationToken cancellation);

    /// <summary>Runs one statement whose rows are read as they come, a chunk at a time.</summary>
    internal abstract ValueTask<RowChunks> OpenAsync(Statement statement, CancellationToken cancellation);
}
