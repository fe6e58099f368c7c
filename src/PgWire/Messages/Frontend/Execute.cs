using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>Runs a portal.</summary>
/// <param name="Portal">Which one.</param>
/// <param name="MaximumRows">After how many rows it is suspended; 0 for never.</param>
public sealed record Execute(WireText Portal, int MaximumRows) : IFrontendMessage, IReadable<Execute>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.Execute);
        writer.Text(Portal);
        writer.Int32(MaximumRows);
        writer.End();
    }

    static Execute IReadable<Execute>.Read(ref WireReader body) => new(body.Text(), body.Int32());
}
