using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The columns of the rows that follow.</summary>
/// <param name="Fields">One for each column.</param>
public sealed record RowDescription(ImmutableArray<RowDescriptionField> Fields) : IBackendMessage, IReadable<RowDescription>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.RowDescription);
        RowDescriptionField.WriteAll(writer, Fields);
        writer.End();
    }

    static RowDescription IReadable<RowDescription>.Read(ref WireReader body) => new(RowDescriptionField.ReadAll(ref body));
}
