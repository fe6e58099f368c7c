using System.Runtime.CompilerServices;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Sending;

namespace Broker.Client.Streaming;

/// <summary>Writes the data of a COPY ... FROM STDIN, one chunk at a time: the next is read when the server has taken the last.</summary>
internal static class CopyWriter
{
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Everything or nothing: when the source throws, or the caller cancels, the COPY is rolled back.</summary>
    internal static async ValueTask<long> RunAsync(
        StatementSender sender, string database, Statement statement, SendingTerms terms, IAsyncEnumerable<ReadOnlyMemory<byte>> owned,
            CancellationToken cancellation)
    {
        using var stream = await OpenedStream.OpenAsync(sender, database, new CopyIn(statement), terms, cancellation).ConfigureAwait(false);
        await foreach (var chunk in owned.WithCancellation(cancellation).ConfigureAwait(false))
            await stream.WriteAsync(chunk, cancellation).ConfigureAwait(false);
        return await stream.FinishAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>The bytes of a stream, each chunk in an array of its own.</summary>
    internal static async IAsyncEnumerable<ReadOnlyMemory<byte>> ChunksOf(Stream source,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        while (true)
        {
            byte[] chunk = new byte[ChunkBytes];
            var read = await source.ReadAtLeastAsync(chunk, ChunkBytes, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
            if (read > 0)
                yield return chunk.AsMemory(0, read);
            if (read < ChunkBytes)
                yield break;
        }
    }

    /// <summary>Copies of the caller's chunks, none larger than a message may be, since the caller may use its buffer again.</summary>
    internal static async IAsyncEnumerable<ReadOnlyMemory<byte>> ChunksOf(
        IAsyncEnumerable<ReadOnlyMemory<byte>> source, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach (var given in source.WithCancellation(cancellation).ConfigureAwait(false))
            for (var at = 0; at < given.Length; at += ChunkBytes)
                yield return given[at..Math.Min(at + ChunkBytes, given.Length)].ToArray();
    }
}
