using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The types of a statement's parameters.</summary>
/// <param name="Types">Their object ids.</param>
public sealed record ParameterDescription(ImmutableArray<uint> Types) : IBackendMessage, IReadable<ParameterDescription>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.ParameterDescription);
        writer.ObjectIds(Types);
        writer.End();
    }

    static ParameterDescription IReadable<ParameterDescription>.Read(ref WireReader body) => new(body.ObjectIds());
}
