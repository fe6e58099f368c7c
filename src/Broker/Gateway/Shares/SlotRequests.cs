using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Leases;

namespace Broker.Gateway.Shares;

/// <summary>The slots that a share has asked its pool for and not got. Owned by one actor.</summary>
internal sealed class SlotRequests
{
    // The line of a share has limits of its own: how long the pool lets it wait is of no meaning.
    private static readonly TimeSpan Wait = TimeSpan.FromDays(1);

    private readonly IActorRef _pool;
    private readonly IActorRef _share;
    private readonly HashSet<ErrandId> _asked = [];
    private readonly long _name = Random.Shared.NextInt64();
    private long _last;

    internal SlotRequests(IActorRef pool, IActorRef share) => (_pool, _share) = (pool, share);

    /// <summary>How many there are.</summary>
    internal int Count => _asked.Count;

    /// <summary>Asks for one more.</summary>
    internal void Ask()
    {
        var request = new ErrandId(_name, ++_last);
        _asked.Add(request);
        _pool.Tell(new AcquireSlot(request, Wait), _share);
    }

    /// <summary>One is not needed any more.</summary>
    internal void Withdraw()
    {
        var request = _asked.First();
        _asked.Remove(request);
        _pool.Tell(new WithdrawAcquire(request), _share);
    }

    /// <summary>One is answered. False when it was withdrawn.</summary>
    internal bool Answered(ErrandId request) => _asked.Remove(request);
}
