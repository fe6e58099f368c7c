using Broker.PgWire.Values;

namespace Broker.PgWire.Startup;

/// <summary>Asks for encryption by GSSAPI; answered with one byte, G or N.</summary>
public sealed record GSSENCRequest : IStartupPacket
{
    internal const int Code = (1234 << 16) | 5680;

    /// <summary>The only one.</summary>
    public static GSSENCRequest Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin();
        writer.Int32(Code);
        writer.End();
    }
}
