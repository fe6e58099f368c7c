using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>Makes a prepared statement of a text.</summary>
/// <param name="Statement">What it is to be called; the empty name is the unnamed statement.</param>
/// <param name="Query">One statement.</param>
/// <param name="ParameterTypes">Of the first parameters; 0 where the server is to find out.</param>
public sealed record Parse(WireText Statement, WireText Query, ImmutableArray<uint> ParameterTypes) : IFrontendMessage, IReadable<Parse>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.Parse);
        writer.Text(Statement);
        writer.Text(Query);
        writer.ObjectIds(ParameterTypes);
        writer.End();
    }

    static Parse IReadable<Parse>.Read(ref WireReader body) => new(body.Text(), body.Text(), body.ObjectIds());
}
