using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>Binds parameters to a prepared statement and makes a portal of it.</summary>
/// <param name="Portal">What it is to be called; the empty name is the unnamed portal.</param>
/// <param name="Statement">From which statement; the empty name is the unnamed one.</param>
/// <param name="ParameterFormats">None (all text), one for all, or one for each.</param>
/// <param name="Parameters">The values; null is SQL's null.</param>
/// <param name="ResultFormats">None (all text), one for all columns, or one for each.</param>
public sealed record Bind(WireText Portal, WireText Statement, ImmutableArray<short> ParameterFormats,
    ImmutableArray<ReadOnlyMemory<byte>?> Parameters, ImmutableArray<short> ResultFormats) : IFrontendMessage, IReadable<Bind>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.Bind);
        writer.Text(Portal);
        writer.Text(Statement);
        writer.Formats(ParameterFormats);
        writer.Values(Parameters);
        writer.Formats(ResultFormats);
        writer.End();
    }

    static Bind IReadable<Bind>.Read(ref WireReader body) => new(body.Text(), body.Text(), body.Formats(), body.Values(), body.Formats());
}
