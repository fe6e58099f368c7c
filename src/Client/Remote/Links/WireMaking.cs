namespace Broker.Client.Remote.Links;

/// <summary>A wire is made by a task that may outlive the link's actor: the later of both closes it.</summary>
internal sealed class WireMaking
{
    private Wire? _last;
    private int _ended;

    /// <summary>A wire was made.</summary>
    internal Wire Made(Wire wire)
    {
        Interlocked.Exchange(ref _last, wire);
        if (Volatile.Read(ref _ended) != 0)
        {
            wire.Close();
        }
        return wire;
    }

    /// <summary>The actor has ended.</summary>
    internal void End()
    {
        Interlocked.Exchange(ref _ended, 1);
        Volatile.Read(ref _last)?.Close();
    }
}
