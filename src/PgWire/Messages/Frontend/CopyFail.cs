using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>The client gives a COPY up.</summary>
/// <param name="Reason">Told in the error that the server answers.</param>
public sealed record CopyFail(WireText Reason) : IFrontendMessage, IReadable<CopyFail>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.CopyFail);
        writer.Text(Reason);
        writer.End();
    }

    static CopyFail IReadable<CopyFail>.Read(ref WireReader body) => new(body.Text());
}
