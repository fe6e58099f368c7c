using System.Runtime.CompilerServices;
using Broker.Client.Mapping;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Sending;

namespace Broker.Client.Streaming;

/// <summary>Reads the rows of one statement as they come. At most two chunks are under way: the one being read, and the next.</summary>
internal static class RowStream
{
    private const int ChunksUnderWay = 2;

    internal static async IAsyncEnumerable<T> ReadAsync<T>(
        StatementSender sender, string database, Statement statement, SendingTerms terms,
            [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var stream = await OpenedStream.OpenAsync(sender, database, new QueryRows(statement), terms, cancellation)
            .ConfigureAwait(false);
        stream.Demand(ChunksUnderWay);
        while (await stream.NextAsync(cancellation).ConfigureAwait(false) is StreamRows { Rows: var rows })
        {
            if (rows.Count > 0)
            {
                var read = RowMapper<T>.For(rows);
                for (var row = 0; row < rows.Count; row++)
                    yield return read(rows, row);
            }

            cancellation.ThrowIfCancellationRequested();
            stream.Demand(1);
        }
    }
}
