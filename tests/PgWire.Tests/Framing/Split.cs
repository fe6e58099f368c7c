using System.Buffers;

namespace Broker.PgWire.Tests.Framing;

/// <summary>Bytes in segments, as a socket's buffers hold them.</summary>
internal sealed class Split : ReadOnlySequenceSegment<byte>
{
    private Split(ReadOnlyMemory<byte> memory, long runningIndex) => (Memory, RunningIndex) = (memory, runningIndex);

    /// <summary>The pieces, empty ones included, as one sequence.</summary>
    internal static ReadOnlySequence<byte> Of(params IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        var first = new Split(default, 0);
        var last = first;
        foreach (var piece in pieces)
        {
            var next = new Split(piece, last.RunningIndex + last.Memory.Length);
            last.Next = next;
            last = next;
        }
        return new(first, 0, last, last.Memory.Length);
    }
}
