using System.Buffers;
using System.Buffers.Binary;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;

namespace Broker.PgWire.Framing;

/// <summary>Cuts startup packets, which have a length and no type.</summary>
public static class StartupFrames
{
    private const int Shortest = 2 * sizeof(int);
    private const int Longest = sizeof(int) + StartupPackets.Longest;

    /// <summary>Takes a packet off the front of the buffer.</summary>
    /// <param name="buffer">What was received and not taken yet.</param>
    /// <param name="body">What follows the length, in memory of its own.</param>
    /// <param name="error">
    /// Why it cannot be one: its length is below 8, or what follows longer than <see cref="StartupPackets.Longest"/>.
    /// </param>
    /// <returns>False when more bytes are needed, or there is an error.</returns>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out ReadOnlyMemory<byte> body, out WireError? error)
    {
        (body, error) = (default, null);
        if (buffer.Length < sizeof(int))
            return false;
        Span<byte> lengthBytes = stackalloc byte[sizeof(int)];
        buffer.Slice(0, sizeof(int)).CopyTo(lengthBytes);
        var length = BinaryPrimitives.ReadInt32BigEndian(lengthBytes);
        if (length is < Shortest or > Longest)
        {
            error = new(WireErrorKind.BadLength, $"a startup packet has length {length}; it may have {Shortest} to {Longest}");
            return false;
        }
        if (buffer.Length < length)
            return false;
        body = buffer.Slice(sizeof(int), length - sizeof(int)).ToArray();
        buffer = buffer.Slice(length);
        return true;
    }
}
