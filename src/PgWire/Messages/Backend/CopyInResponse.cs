using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The server awaits CopyData.</summary>
/// <param name="Format">0 for text, 1 for binary.</param>
/// <param name="ColumnFormats">The same for each column.</param>
public sealed record CopyInResponse(short Format, ImmutableArray<short> ColumnFormats) : IBackendMessage, IReadable<CopyInResponse>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.CopyInResponse);
        writer.Byte((byte)Format);
        writer.Formats(ColumnFormats);
        writer.End();
    }

    static CopyInResponse IReadable<CopyInResponse>.Read(ref WireReader body) => new(body.CopyFormat(), body.Formats());
}
