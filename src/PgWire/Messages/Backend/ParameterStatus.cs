using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The value of a setting that the server reports; may come at any time.</summary>
/// <param name="Name">Of the setting.</param>
/// <param name="Value">As of now.</param>
public sealed record ParameterStatus(WireText Name, WireText Value) : IBackendMessage, IReadable<ParameterStatus>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.ParameterStatus);
        writer.Text(Name);
        writer.Text(Value);
        writer.End();
    }

    static ParameterStatus IReadable<ParameterStatus>.Read(ref WireReader body) => new(body.Text(), body.Text());
}
