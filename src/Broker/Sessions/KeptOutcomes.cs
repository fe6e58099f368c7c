using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions;

/// <summary>
/// What became of commits whose conversations are gone, for as long as a caller may ask. Mutable, and owned by the registry.
/// </summary>
/// <param name="keep">How long (`broker.sessions.outcome-keep`).</param>
internal sealed class KeptOutcomes(TimeSpan keep)
{
    private readonly Dictionary<(SessionId, HandleId, long), ISessionReply> _outcomes = [];
    private readonly Queue<((SessionId, HandleId, long) Name, TimeSpan Until)> _byAge = new();

    /// <summary>How many are kept.</summary>
    internal int Count => _outcomes.Count;

    internal void Keep(SessionId session, HandleId handle, long sequence, ISessionReply reply, TimeSpan now)
    {
        Forget(now);
        if (_outcomes.TryAdd((session, handle, sequence), reply))
        {
            _byAge.Enqueue(((session, handle, sequence), now + keep));
        }
    }

    /// <summary>What became of a commit; null when it is not kept.</summary>
    internal ISessionReply? Find(SessionId session, HandleId handle, long sequence, TimeSpan now)
    {
        Forget(now);
        return _outcomes.GetValueOrDefault((session, handle, sequence));
    }

    /// <summary>Forgets those that were kept for long enough. How long until the next is; null when there are none.</summary>
    internal TimeSpan? Forget(TimeSpan now)
    {
        while (_byAge.TryPeek(out var oldest))
        {
            if (oldest.Until > now)
            {
                return oldest.Until - now;
            }
            _outcomes.Remove(_byAge.Dequeue().Name);
        }
        return null;
    }
}
