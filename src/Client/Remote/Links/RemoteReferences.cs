using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Sending;

namespace Broker.Client.Remote.Links;

/// <summary>
/// The broker's actors that this client was given, by the numbers that the broker gave them. Pools are found again when the broker has
/// forgotten the client, since their references are to stay valid; all others are then of nobody. Mutable, and owned by the link's actor.
/// </summary>
internal sealed class RemoteReferences : IReferenceTable
{
    /// <summary>The number of the broker's supervisor, for every client.</summary>
    internal const long BrokerNumber = 1;

    private readonly Dictionary<long, RemoteRef> _known = [];
    private readonly Dictionary<RemoteRef, FindPool> _pools = [];
    private readonly Dictionary<RemoteRef, HashSet<IActorRef>> _watchers = [];
    private readonly IActorRef _link;
    private readonly LinkLoad _load;
    private readonly ReplyHome _home;

    internal RemoteReferences(IActorRef link, LinkLoad load, ReplyHome home)
    {
        (_link, _load, _home) = (link, load, home);
        Broker = new(link, load, home, BrokerNumber);
        _known.Add(BrokerNumber, Broker);
    }

    /// <summary>The broker's supervisor.</summary>
    internal RemoteRef Broker { get; }

    /// <summary>The pools that were found, with what was asked for.</summary>
    internal IEnumerable<(RemoteRef Pool, FindPool Asked)> Pools => _pools.Select(static pool => (pool.Key, pool.Value));

    /// <inheritdoc/>
    public long NumberOf(IActorRef reference) => reference is RemoteRef remote ? remote.Number : 0;

    /// <inheritdoc/>
    public IActorRef Find(long number) =>
        number <= 0 ? ActorRefs.Nobody
            : _known.TryGetValue(number, out var known) ? known
            : _known[number] = new(_link, _load, _home, number);

    /// <summary>A pool was found, and is to be found again.</summary>
    internal void NotePool(RemoteRef pool, FindPool asked) => _pools[pool] = asked;

    /// <summary>
    /// A pool was found again: the reference that callers have stands for it from now on. Two may stand for one, when what were two pools
    /// is one by other settings.
    /// </summary>
    internal void Replace(RemoteRef known, RemoteRef found)
    {
        if (ReferenceEquals(known, found))
        {
            return;
        }
        known.Number = found.Number;
        _known[known.Number] = known;
    }

    /// <summary>Whether a pool's new number is being asked for.</summary>
    internal bool IsBeingFound(RemoteRef reference) => reference.Number == 0 && _pools.ContainsKey(reference);

    /// <summary>Somebody wants to hear of an actor's death. False when it is dead.</summary>
    internal bool Watch(RemoteRef watched, IActorRef watcher)
    {
        if (watched.Number == 0 && !IsBeingFound(watched))
        {
            return false;
        }
        if (!_watchers.TryGetValue(watched, out var watchers))
        {
            _watchers.Add(watched, watchers = []);
        }
        watchers.Add(watcher);
        return true;
    }

    /// <summary>It wants to hear no more.</summary>
    internal void Unwatch(RemoteRef watched, IActorRef watcher)
    {
        if (_watchers.TryGetValue(watched, out var watchers) && watchers.Remove(watcher) && watchers.Count == 0)
        {
            _watchers.Remove(watched);
        }
    }

    /// <summary>An actor is gone.</summary>
    /// <returns>Who wants to hear of that.</returns>
    internal IReadOnlyList<(RemoteRef Watched, IActorRef Watcher)> Forget(RemoteRef gone)
    {
        RemoteRef[] all = gone.Number == 0 ? [gone] : [gone, .. _pools.Keys.Where(pool => pool.Number == gone.Number && pool != gone)];
        _known.Remove(gone.Number);
        var told = new List<(RemoteRef, IActorRef)>();
        foreach (var one in all)
        {
            _pools.Remove(one);
            one.Number = 0;
            if (_watchers.Remove(one, out var watchers))
            {
                told.AddRange(watchers.Select(watcher => (one, watcher)));
            }
        }
        return told;
    }

    /// <summary>The broker has forgotten what it gave. Pools are to be found again; watchers of all are told.</summary>
    /// <returns>Who watched what.</returns>
    internal IReadOnlyList<(RemoteRef Watched, IActorRef Watcher)> ForgetAll()
    {
        foreach (var reference in _known.Values.Concat(_pools.Keys))
        {
            reference.Number = 0;
        }
        _known.Clear();
        Broker.Number = BrokerNumber;
        _known.Add(BrokerNumber, Broker);
        (RemoteRef,
            IActorRef)[] told = [.. _watchers.SelectMany(static watched => watched.Value.Select(watcher => (watched.Key, watcher)))];
        _watchers.Clear();
        return told;
    }
}
