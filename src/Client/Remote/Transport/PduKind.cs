namespace Broker.Client.Remote.Transport;

/// <summary>What the other side says with one frame.</summary>
internal enum PduKind
{
    /// <summary>Who it is: its first word, said once.</summary>
    Associate,

    /// <summary>That it is still there.</summary>
    Heartbeat,

    /// <summary>That it goes.</summary>
    Goodbye,

    /// <summary>A message for an actor.</summary>
    Message,

    /// <summary>Something that nobody here is to get.</summary>
    Refused,
}
