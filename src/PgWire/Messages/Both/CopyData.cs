using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Both;

/// <summary>Bytes of a COPY, cut anywhere.</summary>
/// <param name="Data">The bytes.</param>
public sealed record CopyData(ReadOnlyMemory<byte> Data) : IFrontendMessage, IBackendMessage, IReadable<CopyData>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.CopyData);
        writer.Bytes(Data.Span);
        writer.End();
    }

    static CopyData IReadable<CopyData>.Read(ref WireReader body) => new(body.Rest());
}
