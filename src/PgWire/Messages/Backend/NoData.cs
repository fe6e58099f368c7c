using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>What was described answers no rows.</summary>
public sealed record NoData : IBackendMessage, IReadable<NoData>
{
    /// <summary>The only one.</summary>
    public static NoData Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.NoData);
        writer.End();
    }

    static NoData IReadable<NoData>.Read(ref WireReader body) => Instance;
}
