using System.Collections.Concurrent;
using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Sending;

/// <summary>
/// Which actor is the pool of a database and user. Asked of the broker once; a failure is not remembered, so a database that is
/// configured later is found.
/// </summary>
internal sealed class PoolDirectory
{
    private readonly ConcurrentDictionary<(string Database, string? User), PoolFound> _found = new();
    private readonly ActorSystem _system;
    private readonly Func<CancellationToken, Task<IActorRef>> _supervisor;
    private readonly ReplyHome _home;

    internal PoolDirectory(ActorSystem system, Func<CancellationToken, Task<IActorRef>> supervisor, ReplyHome home) =>
        (_system, _supervisor, _home) = (system, supervisor, home);

    /// <summary>Only from memory: true on every call but the first for a pool. Throws when the actor system has terminated.</summary>
    internal bool TryFind(string database, string? user, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out PoolFound? pool)
    {
        ArgumentNullException.ThrowIfNull(database);
        if (_system.WhenTerminated.IsCompleted)
            throw new BrokerException(new BrokerStopping($"the actor system {_system.Name}"));
        return _found.TryGetValue((database, user), out pool);
    }

    /// <summary>The broker's supervisor, once it has started. Throws when the actor system has terminated.</summary>
    internal Task<IActorRef> BrokerAsync() => _system.WhenTerminated.IsCompleted
        ? throw new BrokerException(new BrokerStopping($"the actor system {_system.Name}"))
        : _supervisor(CancellationToken.None);

    internal async ValueTask<PoolFound> FindAsync(string database, string? user)
    {
        if (TryFind(database, user, out var known))
            return known;
        var reply = new Reply<PoolFound>(_home, static answer => (PoolFound)answer);
        var supervisor = await _supervisor(CancellationToken.None).ConfigureAwait(false);
        supervisor.Tell(new FindPool(database, user), reply);
        var found = await reply.Answer.ConfigureAwait(false);
        return _found[(database, user)] = found;
    }

    /// <summary>Drops a pool that turned out to be gone.</summary>
    internal void Forget(IActorRef pool)
    {
        foreach (var entry in _found)
            if (entry.Value.Supervisor.Equals(pool))
                _found.TryRemove(entry);
    }
}
