using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>Asks what a prepared statement takes and answers, or what a portal answers.</summary>
/// <param name="Kind">What is described.</param>
/// <param name="Name">Its name.</param>
public sealed record Describe(TargetKind Kind, WireText Name) : IFrontendMessage, IReadable<Describe>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.Describe);
        writer.Byte((byte)Kind);
        writer.Text(Name);
        writer.End();
    }

    static Describe IReadable<Describe>.Read(ref WireReader body) => new(Targets.Read(ref body), body.Text());
}
