using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>A NOTIFY that the session listens for; may come at any time.</summary>
/// <param name="ProcessId">Of the process that notified.</param>
/// <param name="Channel">Its name.</param>
/// <param name="Payload">What it said.</param>
public sealed record NotificationResponse(int ProcessId, WireText Channel, WireText Payload)
    : IBackendMessage, IReadable<NotificationResponse>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.NotificationResponse);
        writer.Int32(ProcessId);
        writer.Text(Channel);
        writer.Text(Payload);
        writer.End();
    }

    static NotificationResponse IReadable<NotificationResponse>.Read(ref WireReader body) => new(body.Int32(), body.Text(), body.Text());
}
