using System.Collections.Concurrent;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// Who is connected now, by the name of its actor system, and which of them were let in by whoever is behind the transport. May be used
/// from any thread.
/// </summary>
public sealed class PeerDirectory
{
    private readonly ConcurrentDictionary<string, (Peer Peer, Connection Connection)> _peers = new(StringComparer.Ordinal);

    /// <summary>How many have associated and are still there.</summary>
    public int Count => _peers.Count;

    /// <summary>Who has that name now; null when nobody does.</summary>
    public Peer? Find(string systemName) => _peers.TryGetValue(systemName, out var found) ? found.Peer : null;

    /// <summary>Who has that name now was let in: its connection may stay.</summary>
    public void Admit(string systemName)
    {
        if (_peers.TryGetValue(systemName, out var found))
        {
            found.Connection.Admit();
        }
    }

    /// <summary>
    /// Who has that name now is not in any more: its connection is closed unless it is let in again within
    /// <see cref="ListeningEnd.AdmissionLimit"/>.
    /// </summary>
    public void Dismiss(string systemName)
    {
        if (_peers.TryGetValue(systemName, out var found))
        {
            found.Connection.Dismiss();
        }
    }

    /// <summary>Takes a name for a peer: false when a living one has it.</summary>
    internal bool TryAdd(Peer peer, Connection connection) => _peers.TryAdd(peer.System, (peer, connection));

    /// <summary>Gives its name free, if it is this peer that has it.</summary>
    internal void Remove(Peer peer, Connection connection) => _peers.TryRemove(KeyValuePair.Create(peer.System, (peer, connection)));
}
