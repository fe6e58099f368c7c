using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>One row.</summary>
/// <param name="Values">Of each column; null is SQL's null.</param>
public sealed record DataRow(ImmutableArray<ReadOnlyMemory<byte>?> Values) : IBackendMessage, IReadable<DataRow>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.DataRow);
        writer.Values(Values);
        writer.End();
    }

    static DataRow IReadable<DataRow>.Read(ref WireReader body) => new(body.Values());
}
