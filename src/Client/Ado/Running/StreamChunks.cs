using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Streaming;

namespace Broker.Client.Ado.Running;

/// <summary>Rows of a stream: its statement runs alone, on a connection lent for its time.</summary>
internal sealed class StreamChunks : RowChunks
{
    private const int ChunksUnderWay = 2;

    private readonly OpenedStream _stream;
    private bool _began;

    private StreamChunks(OpenedStream stream)
    {
        _stream = stream;
        stream.Demand(ChunksUnderWay);
    }

    /// <summary>One that nobody disposed still gives its connection back.</summary>
    ~StreamChunks() => _stream.Dispose();

    internal static async ValueTask<StreamChunks> OpenAsync(BrokerClient client, string database, Statement statement,
        CancellationToken cancellation) =>
        new(await OpenedStream.OpenAsync(client.Sender, database, new QueryRows(statement), client.Terms, cancellation)
            .ConfigureAwait(false));

    internal override async ValueTask<RowSet?> NextAsync(CancellationToken cancellation)
    {
        if (_began)
            _stream.Demand(1);
        _began = true;
        return await _stream.NextAsync(cancellation).ConfigureAwait(false) is StreamRows { Rows: var rows } ? rows : null;
    }

    public override ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _stream.Dispose();
        return ValueTask.CompletedTask;
    }
}
