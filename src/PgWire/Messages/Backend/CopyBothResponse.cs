using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>CopyData may go both ways: replication.</summary>
/// <param name="Format">0 for text, 1 for binary.</param>
/// <param name="ColumnFormats">The same for each column.</param>
public sealed record CopyBothResponse(short Format, ImmutableArray<short> ColumnFormats) : IBackendMessage, IReadable<CopyBothResponse>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.CopyBothResponse);
        writer.Byte((byte)Format);
        writer.Formats(ColumnFormats);
        writer.End();
    }

    static CopyBothResponse IReadable<CopyBothResponse>.Read(ref WireReader body) => new(body.CopyFormat(), body.Formats());
}
