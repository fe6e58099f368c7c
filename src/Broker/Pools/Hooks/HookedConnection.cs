using Broker.Client.Protocol;
using Npgsql;

namespace Broker.Pools.Hooks;

/// <summary>What a hook is given: a connection for the time of the call, and what it stands for.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Id">The connection's name in log and status.</param>
/// <param name="Connection">
/// The connection. Not to be closed, and not to be kept: it belongs to somebody else afterwards. In the hooks Invalidate and Close it may
/// be broken.
/// </param>
/// <param name="Notes">What hooks noted of this connection.</param>
public sealed record HookedConnection(PoolId Pool, ConnectionId Id, NpgsqlConnection Connection, ConnectionNotes Notes);

/// <summary>
/// What hooks note of one connection, for hooks that run later on it. Notes live as long as the server process behind it: a connection that
/// is replaced begins with none. Hooks of one connection run one after the other, so notes need no care for concurrency.
/// </summary>
public sealed class ConnectionNotes
{
    private readonly Dictionary<string, object?> _notes = [];

    /// <summary>A note by its name; null when there is none. To set null is to remove it.</summary>
    public object? this[string name]
    {
        get => _notes.GetValueOrDefault(name);
        set
        {
            if (value is null)
            {
                _notes.Remove(name);
            }
            else
            {
                _notes[name] = value;
            }
        }
    }
}
