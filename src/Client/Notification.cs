namespace Broker.Client;

/// <summary>One NOTIFY, or the mark of a gap.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Payload">What was given to NOTIFY; empty when nothing was, and for a gap.</param>
/// <param name="SenderPid">The server process that notified; 0 for a gap.</param>
/// <param name="Gap">
/// True for a mark that is no notification: the listening connection was lost and made anew, so notifications sent in between may be
/// missing. Read again whatever the notifications keep you informed of.
/// </param>
public readonly record struct Notification(string Channel, string Payload, int SenderPid, bool Gap = false);
