using System.Buffers.Binary;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;

namespace Broker.Gateway.Errands;

/// <summary>
/// Where the parts of a request are that could be an errand: one Query, or Parse, Bind, Describe of the portal and Execute of all rows, in
/// this order, Bind and Execute at least, with a Sync behind them, on the unnamed portal. All of it is there.
/// </summary>
/// <param name="Length">Of the whole request, in bytes.</param>
/// <param name="Query">The body of the Query.</param>
/// <param name="Parse">The body of the Parse.</param>
/// <param name="Bind">The body of the Bind.</param>
/// <param name="Describes">Whether the portal is described.</param>
internal readonly record struct RequestShape(int Length, Range? Query, Range? Parse, Range? Bind, bool Describes)
{
    /// <summary>Reads the request that begins with the first byte.</summary>
    /// <returns>Null when it is not all there, or another.</returns>
    internal static RequestShape? Of(ReadOnlySpan<byte> bytes)
    {
        if (BodyAt(bytes, 0) is not { } first)
        {
            return null;
        }
        if ((FrontendType)bytes[0] is FrontendType.Query)
        {
            return new(first.End.Value, first, null, null, false);
        }
        var at = 0;
        var parse = Take(bytes, ref at, FrontendType.Parse);
        var bind = Take(bytes, ref at, FrontendType.Bind);
        var describe = Take(bytes, ref at, FrontendType.Describe);
        var execute = Take(bytes, ref at, FrontendType.Execute);
        if (bind is null || execute is null || Take(bytes, ref at, FrontendType.Sync) is null)
        {
            return null;
        }
        // an unnamed portal is one zero byte; all rows are a zero
        var plain = bytes[bind.Value.Start.Value] == 0 && bytes[execute.Value].SequenceEqual("\0\0\0\0\0"u8)
            && (describe is not { } of || bytes[of] is [(byte)TargetKind.Portal, 0]);
        return plain ? new(at, null, parse, bind, describe is not null) : null;
    }

    private static Range? Take(ReadOnlySpan<byte> bytes, ref int at, FrontendType type)
    {
        if (at >= bytes.Length || bytes[at] != (byte)type || BodyAt(bytes, at) is not { } body)
        {
            return null;
        }
        at = body.End.Value;
        return body;
    }

    private static Range? BodyAt(ReadOnlySpan<byte> bytes, int at)
    {
        if (bytes.Length - at < FrameReader.HeaderLength)
        {
            return null;
        }
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 1)..]);
        return length >= sizeof(int) && length <= bytes.Length - at - 1 ? new(at + FrameReader.HeaderLength, at + 1 + length) : null;
    }
}
