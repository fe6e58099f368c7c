using System.Text;

namespace Broker.PgWire.Values;

/// <summary>
/// A string of the protocol, as the bytes that were sent: in which encoding only `client_encoding` says, so it is compared and sent on byte
/// for byte. It holds no zero byte; the protocol ends strings with one.
/// </summary>
public readonly struct WireText : IEquatable<WireText>
{
    private readonly ReadOnlyMemory<byte> _bytes;

    /// <summary>Takes bytes as they are.</summary>
    /// <param name="bytes">Must not change any more.</param>
    /// <exception cref="ArgumentException">There is a zero byte in it.</exception>
    public WireText(ReadOnlyMemory<byte> bytes) => _bytes = bytes.Span.Contains((byte)0)
        ? throw new ArgumentException("A text of the protocol cannot hold a zero byte.", nameof(bytes))
        : bytes;

    private WireText(ReadOnlyMemory<byte> bytes, bool _) => _bytes = bytes;

    /// <summary>No characters.</summary>
    public static WireText Empty => default;

    /// <summary>The bytes, without the zero byte that ends them on the wire.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Whether there are no characters.</summary>
    public bool IsEmpty => _bytes.IsEmpty;

    /// <summary>The text in UTF-8.</summary>
    /// <exception cref="ArgumentException">There is a zero character in it.</exception>
    public static WireText Of(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>Takes bytes that were read up to a zero byte.</summary>
    internal static WireText Checked(ReadOnlyMemory<byte> bytes) => new(bytes, false);

    /// <summary>Whether the bytes are those of the text, which is ASCII.</summary>
    public bool Is(ReadOnlySpan<byte> text) => _bytes.Span.SequenceEqual(text);

    /// <inheritdoc/>
    public bool Equals(WireText other) => _bytes.Span.SequenceEqual(other._bytes.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is WireText other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_bytes.Span);
        return hash.ToHashCode();
    }

    /// <summary>The text, read as UTF-8; what is none is replaced.</summary>
    public override string ToString() => Encoding.UTF8.GetString(_bytes.Span);

    /// <summary>Whether the bytes are the same.</summary>
    public static bool operator ==(WireText left, WireText right) => left.Equals(right);

    /// <summary>Whether the bytes are not the same.</summary>
    public static bool operator !=(WireText left, WireText right) => !left.Equals(right);
}
