using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The server's last message of SASL.</summary>
/// <param name="Data">As the mechanism has it.</param>
public sealed record AuthenticationSASLFinal(ReadOnlyMemory<byte> Data) : IBackendMessage, IReadable<AuthenticationSASLFinal>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.Authentication);
        writer.Int32((int)AuthenticationKind.SASLFinal);
        writer.Bytes(Data.Span);
        writer.End();
    }

    static AuthenticationSASLFinal IReadable<AuthenticationSASLFinal>.Read(ref WireReader body) => new(body.Rest());
}
