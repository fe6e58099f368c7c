using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>A statement was prepared.</summary>
public sealed record ParseComplete : IBackendMessage, IReadable<ParseComplete>
{
    /// <summary>The only one.</summary>
    public static ParseComplete Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.ParseComplete);
        writer.End();
    }

    static ParseComplete IReadable<ParseComplete>.Read(ref WireReader body) => Instance;
}
