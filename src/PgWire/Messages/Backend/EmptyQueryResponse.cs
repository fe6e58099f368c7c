using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>There was no statement in the text; stands in place of CommandComplete.</summary>
public sealed record EmptyQueryResponse : IBackendMessage, IReadable<EmptyQueryResponse>
{
    /// <summary>The only one.</summary>
    public static EmptyQueryResponse Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.EmptyQueryResponse);
        writer.End();
    }

    static EmptyQueryResponse IReadable<EmptyQueryResponse>.Read(ref WireReader body) => Instance;
}
