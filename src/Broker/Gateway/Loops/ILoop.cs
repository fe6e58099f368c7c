using Akka.Dispatch;

namespace Broker.Gateway.Loops;

/// <summary>
/// Runs mailboxes and says which ports are ready, all one after the other: nothing on a loop runs at the same time as anything else on it.
/// </summary>
internal interface ILoop
{
    /// <summary>Whether the caller is on it.</summary>
    bool IsCurrent { get; }

    /// <summary>Has something run on it; from any thread, in order of arrival.</summary>
    void Post(IRunnable run);

    /// <summary>Begins to say when a port is ready: what is ready already is said too. On the loop only.</summary>
    void Attach(Port port);

    /// <summary>Says no more of a port. On the loop only.</summary>
    void Detach(Port port);

    /// <summary>All that there was has been read: it is to be said when there is more. On the loop only.</summary>
    void WatchReading(Port port);

    /// <summary>Whether it is also to be said when the port can be written to. On the loop only.</summary>
    void WatchWriting(Port port, bool watch);
}
