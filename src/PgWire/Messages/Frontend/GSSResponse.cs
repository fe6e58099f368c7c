using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>A token of GSSAPI or SSPI.</summary>
/// <param name="Data">As the mechanism has it.</param>
public sealed record GSSResponse(ReadOnlyMemory<byte> Data) : IFrontendMessage, IReadable<GSSResponse>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.AuthenticationResponse);
        writer.Bytes(Data.Span);
        writer.End();
    }

    static GSSResponse IReadable<GSSResponse>.Read(ref WireReader body) => new(body.Rest());
}
