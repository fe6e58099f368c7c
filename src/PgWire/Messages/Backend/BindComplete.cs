using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>A portal was made.</summary>
public sealed record BindComplete : IBackendMessage, IReadable<BindComplete>
{
    /// <summary>The only one.</summary>
    public static BindComplete Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.BindComplete);
        writer.End();
    }

    static BindComplete IReadable<BindComplete>.Read(ref WireReader body) => Instance;
}
