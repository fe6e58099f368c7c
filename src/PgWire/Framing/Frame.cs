using System.Buffers;

namespace Broker.PgWire.Framing;

/// <summary>A message, or a piece of one that is too long to be held whole.</summary>
/// <param name="Type">Its first byte.</param>
/// <param name="Length">Of its whole body, in bytes.</param>
/// <param name="Offset">Where in the body this piece begins; 0 for a whole message and a first piece.</param>
/// <param name="Body">The bytes, without type and length. They lie in the buffer that was read.</param>
public readonly record struct Frame(byte Type, int Length, int Offset, ReadOnlySequence<byte> Body)
{
    /// <summary>Whether the message begins here.</summary>
    public bool IsFirst => Offset == 0;

    /// <summary>Whether the message ends here.</summary>
    public bool IsLast => Offset + Body.Length == Length;

    /// <summary>Whether all of the message is here.</summary>
    public bool IsWhole => Body.Length == Length;
}
