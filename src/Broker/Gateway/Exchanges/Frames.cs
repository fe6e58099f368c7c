using System.Buffers;
using Broker.PgWire.Framing;
using Broker.PgWire.Values;

namespace Broker.Gateway.Exchanges;

/// <summary>Frames as they are passed on.</summary>
internal static class Frames
{
    /// <summary>Writes a message, or a piece of one, as it came.</summary>
    internal static void Write(this WireWriter writer, in Frame frame)
    {
        if (frame.IsFirst)
        {
            writer.Byte(frame.Type);
            writer.Int32(frame.Length + sizeof(int));
        }
        foreach (var segment in frame.Body)
        {
            writer.Bytes(segment.Span);
        }
    }

    /// <summary>A text of a body: the first, or that behind so many others.</summary>
    internal static ReadOnlySpan<byte> TextOf(in ReadOnlySequence<byte> body, int skip)
    {
        var span = body.IsSingleSegment ? body.FirstSpan : body.ToArray();
        for (; skip > 0; skip--)
        {
            var end = span.IndexOf((byte)0);
            span = end < 0 ? [] : span[(end + 1)..];
        }
        var length = span.IndexOf((byte)0);
        return length < 0 ? span : span[..length];
    }
}
