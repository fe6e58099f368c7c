using Broker.PgWire.Values;

namespace Broker.PgWire.Startup;

/// <summary>Asks for TLS; answered with one byte, S or N.</summary>
public sealed record SSLRequest : IStartupPacket
{
    internal const int Code = (1234 << 16) | 5679;

    /// <summary>The only one.</summary>
    public static SSLRequest Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin();
        writer.Int32(Code);
        writer.End();
    }
}
