using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>What a function answered.</summary>
/// <param name="Value">Null is SQL's null.</param>
public sealed record FunctionCallResponse(ReadOnlyMemory<byte>? Value) : IBackendMessage, IReadable<FunctionCallResponse>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.FunctionCallResponse);
        writer.Value(Value);
        writer.End();
    }

    static FunctionCallResponse IReadable<FunctionCallResponse>.Read(ref WireReader body) => new(body.Value());
}
