namespace Broker.Client.Remote.Transport;

/// <summary>Within which limits one connection reads and writes.</summary>
public sealed record ConnectionLimits
{
    /// <summary>
    /// How many bytes may wait for a peer that does not read; a frame beyond them closes the connection, for Akka would keep it, and all
    /// that follow.
    /// </summary>
    public int Backlog { get; init; } = 4 * 1024 * 1024;

    /// <summary>How long a frame that has begun to come may take to end.</summary>
    public TimeSpan FrameLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the peer may take nothing while something waits for it.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(30);
}
