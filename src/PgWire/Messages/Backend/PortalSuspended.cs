using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The portal gave as many rows as were asked for, and has more.</summary>
public sealed record PortalSuspended : IBackendMessage, IReadable<PortalSuspended>
{
    /// <summary>The only one.</summary>
    public static PortalSuspended Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.PortalSuspended);
        writer.End();
    }

    static PortalSuspended IReadable<PortalSuspended>.Read(ref WireReader body) => Instance;
}
