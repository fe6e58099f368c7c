using Akka.Actor;
using Broker.Client.Protocol;

namespace Broker.Doors;

/// <summary>
/// The handles of conversations that a remote client has, and the actor of each conversation, by whose end they are gone. Mutable, and
/// owned by the client's actor.
/// </summary>
internal sealed class HeldHandles
{
    private readonly Dictionary<(SessionId Session, HandleId Handle), IActorRef> _actors = [];
    private readonly Dictionary<IActorRef, HashSet<(SessionId Session, HandleId Handle)>> _handles = [];

    /// <summary>All of them.</summary>
    internal IEnumerable<(SessionId Session, HandleId Handle)> All => _actors.Keys;

    /// <summary>Whether it has this one.</summary>
    internal bool Has((SessionId Session, HandleId Handle) handle) => _actors.ContainsKey(handle);

    /// <summary>
    /// It has this one, of a conversation whose actor nobody has told yet. One that had ended before may not be known to be gone.
    /// </summary>
    internal void Add((SessionId Session, HandleId Handle) handle)
    {
        Remove(handle);
        _actors.Add(handle, ActorRefs.Nobody);
    }

    /// <summary>Who answers for the conversation of one that it has: not always who did before.</summary>
    internal void Answered((SessionId Session, HandleId Handle) handle, IActorRef actor)
    {
        if (_actors.TryGetValue(handle, out var before) && !actor.IsNobody() && !before.Equals(actor))
        {
            Forget(handle, before);
            _actors[handle] = actor;
            if (!_handles.TryGetValue(actor, out var handles))
            {
                _handles[actor] = handles = [];
            }
            handles.Add(handle);
        }
    }

    /// <summary>One is given up.</summary>
    internal void Remove((SessionId Session, HandleId Handle) handle)
    {
        if (_actors.Remove(handle, out var actor))
        {
            Forget(handle, actor);
        }
    }

    /// <summary>A conversation's actor is gone, and its handles with it.</summary>
    internal void Gone(IActorRef actor)
    {
        if (_handles.Remove(actor, out var handles))
        {
            foreach (var handle in handles)
            {
                _actors.Remove(handle);
            }
        }
    }

    /// <summary>All are given up.</summary>
    internal void Clear()
    {
        _actors.Clear();
        _handles.Clear();
    }

    private void Forget((SessionId Session, HandleId Handle) handle, IActorRef actor)
    {
        if (_handles.TryGetValue(actor, out var handles) && handles.Remove(handle) && handles.Count == 0)
        {
            _handles.Remove(actor);
        }
    }
}
