using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>A statement has ended well.</summary>
/// <param name="Tag">Which, and how many rows: `INSERT 0 5`.</param>
public sealed record CommandComplete(WireText Tag) : IBackendMessage, IReadable<CommandComplete>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.CommandComplete);
        writer.Text(Tag);
        writer.End();
    }

    static CommandComplete IReadable<CommandComplete>.Read(ref WireReader body) => new(body.Text());
}
