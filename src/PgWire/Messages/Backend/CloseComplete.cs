using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>A statement or portal is closed.</summary>
public sealed record CloseComplete : IBackendMessage, IReadable<CloseComplete>
{
    /// <summary>The only one.</summary>
    public static CloseComplete Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.CloseComplete);
        writer.End();
    }

    static CloseComplete IReadable<CloseComplete>.Read(ref WireReader body) => Instance;
}
