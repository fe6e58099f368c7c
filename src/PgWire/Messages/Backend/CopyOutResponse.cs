using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>CopyData follows.</summary>
/// <param name="Format">0 for text, 1 for binary.</param>
/// <param name="ColumnFormats">The same for each column.</param>
public sealed record CopyOutResponse(short Format, ImmutableArray<short> ColumnFormats) : IBackendMessage, IReadable<CopyOutResponse>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.CopyOutResponse);
        writer.Byte((byte)Format);
        writer.Formats(ColumnFormats);
        writer.End();
    }

    static CopyOutResponse IReadable<CopyOutResponse>.Read(ref WireReader body) => new(body.CopyFormat(), body.Formats());
}
