using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The server's next message of SASL.</summary>
/// <param name="Data">As the mechanism has it.</param>
public sealed record AuthenticationSASLContinue(ReadOnlyMemory<byte> Data) : IBackendMessage, IReadable<AuthenticationSASLContinue>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.Authentication);
        writer.Int32((int)AuthenticationKind.SASLContinue);
        writer.Bytes(Data.Span);
        writer.End();
    }

    static AuthenticationSASLContinue IReadable<AuthenticationSASLContinue>.Read(ref WireReader body) => new(body.Rest());
}
