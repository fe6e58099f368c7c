using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>The client's choice of a mechanism, and its first message.</summary>
/// <param name="Mechanism">One of those that were offered.</param>
/// <param name="Data">Null when the mechanism begins with the server.</param>
public sealed record SASLInitialResponse(WireText Mechanism, ReadOnlyMemory<byte>? Data) : IFrontendMessage, IReadable<SASLInitialResponse>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.AuthenticationResponse);
        writer.Text(Mechanism);
        writer.Value(Data);
        writer.End();
    }

    static SASLInitialResponse IReadable<SASLInitialResponse>.Read(ref WireReader body) => new(body.Text(), body.Value());
}
