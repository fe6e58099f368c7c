using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The server's next token of GSSAPI or SSPI.</summary>
/// <param name="Data">As the mechanism has it.</param>
public sealed record AuthenticationGSSContinue(ReadOnlyMemory<byte> Data) : IBackendMessage, IReadable<AuthenticationGSSContinue>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.Authentication);
        writer.Int32((int)AuthenticationKind.GSSContinue);
        writer.Bytes(Data.Span);
        writer.End();
    }

    static AuthenticationGSSContinue IReadable<AuthenticationGSSContinue>.Read(ref WireReader body) => new(body.Rest());
}
