using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>Closes a prepared statement or a portal; that there is none is no error.</summary>
/// <param name="Kind">What is closed.</param>
/// <param name="Name">Its name.</param>
public sealed record Close(TargetKind Kind, WireText Name) : IFrontendMessage, IReadable<Close>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.Close);
        writer.Byte((byte)Kind);
        writer.Text(Name);
        writer.End();
    }

    static Close IReadable<Close>.Read(ref WireReader body) => new(Targets.Read(ref body), body.Text());
}
