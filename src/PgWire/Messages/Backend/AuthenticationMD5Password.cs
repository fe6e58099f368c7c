using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>A password hashed with MD5 is wanted.</summary>
/// <param name="Salt">4 bytes.</param>
public sealed record AuthenticationMD5Password(ReadOnlyMemory<byte> Salt) : IBackendMessage, IReadable<AuthenticationMD5Password>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.Authentication);
        writer.Int32((int)AuthenticationKind.MD5Password);
        writer.Bytes(Salt.Span);
        writer.End();
    }

    static AuthenticationMD5Password IReadable<AuthenticationMD5Password>.Read(ref WireReader body) => new(body.Bytes(4));
}
