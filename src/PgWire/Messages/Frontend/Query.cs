using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>A simple query: any number of statements in one text, one ReadyForQuery.</summary>
/// <param name="Text">The statements.</param>
public sealed record Query(WireText Text) : IFrontendMessage, IReadable<Query>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.Query);
        writer.Text(Text);
        writer.End();
    }

    static Query IReadable<Query>.Read(ref WireReader body) => new(body.Text());
}
