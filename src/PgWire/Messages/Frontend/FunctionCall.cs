using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>Calls a function by its object id; each has its own ReadyForQuery.</summary>
/// <param name="Function">Its object id.</param>
/// <param name="ArgumentFormats">None (all text), one for all, or one for each.</param>
/// <param name="Arguments">The values; null is SQL's null.</param>
/// <param name="ResultFormat">0 for text, 1 for binary.</param>
public sealed record FunctionCall(uint Function, ImmutableArray<short> ArgumentFormats, ImmutableArray<ReadOnlyMemory<byte>?> Arguments,
    short ResultFormat) : IFrontendMessage, IReadable<FunctionCall>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.FunctionCall);
        writer.Int32((int)Function);
        writer.Formats(ArgumentFormats);
        writer.Values(Arguments);
        writer.Int16(ResultFormat);
        writer.End();
    }

    static FunctionCall IReadable<FunctionCall>.Read(ref WireReader body) =>
        new((uint)body.Int32(), body.Formats(), body.Values(), body.Format());
}
