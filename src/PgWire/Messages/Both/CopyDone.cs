using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Both;

/// <summary>The sender of a COPY has sent all.</summary>
public sealed record CopyDone : IFrontendMessage, IBackendMessage, IReadable<CopyDone>
{
    /// <summary>The only one.</summary>
    public static CopyDone Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.CopyDone);
        writer.End();
    }

    static CopyDone IReadable<CopyDone>.Read(ref WireReader body) => Instance;
}
