using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>Ends a series of the extended protocol, and with it the server's skipping behind an error.</summary>
public sealed record Sync : IFrontendMessage, IReadable<Sync>
{
    /// <summary>The only one.</summary>
    public static Sync Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.Sync);
        writer.End();
    }

    static Sync IReadable<Sync>.Read(ref WireReader body) => Instance;
}
