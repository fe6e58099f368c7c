using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>The client's next message of SASL.</summary>
/// <param name="Data">As the mechanism has it.</param>
public sealed record SASLResponse(ReadOnlyMemory<byte> Data) : IFrontendMessage, IReadable<SASLResponse>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.AuthenticationResponse);
        writer.Bytes(Data.Span);
        writer.End();
    }

    static SASLResponse IReadable<SASLResponse>.Read(ref WireReader body) => new(body.Rest());
}
