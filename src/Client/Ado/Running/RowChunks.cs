using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Running;

/// <summary>The rows of one statement, a chunk at a time. Disposing it before its end gives the rest up.</summary>
internal abstract class RowChunks : IAsyncDisposable
{
    /// <summary>The next rows; the first time also when there are none, for their columns. Null at the end.</summary>
    internal abstract ValueTask<RowSet?> NextAsync(CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();
}
