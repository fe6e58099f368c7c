using Broker.Client.Entities;
using Broker.Client.Mapping;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Sessions;

/// <summary>Reads rows within a conversation, and keeps them in its zone when they are rows of an entity.</summary>
internal sealed class EntityQueries
{
    private readonly HoldingZone _zone;
    private readonly SessionLink _link;
    private readonly EntityMaps _maps;

    internal EntityQueries(HoldingZone zone, SessionLink link, EntityMaps maps) => (_zone, _link, _maps) = (zone, link, maps);

    /// <summary>Runs a statement.</summary>
    internal async ValueTask<Executed> ExecuteAsync(Statement statement, CancellationToken cancellation)
    {
        try
        {
            var executed = await _link.RunAsync<Executed>(new Execute(statement), cancellation).ConfigureAwait(false);
            ExpireStale();
            return executed;
        }
        catch (BrokerException refused)
        {
            _maps.ForgetAfter(refused);
            throw;
        }
    }

    /// <summary>All rows of a query: objects of this zone when the type is an entity, else values.</summary>
    internal async ValueTask<IReadOnlyList<T>> QueryAsync<T>(Statement statement, bool refresh, CancellationToken cancellation)
    {
        var map = await MapOfAsync<T>(cancellation).ConfigureAwait(false);
        var rows = (await ExecuteAsync(statement, cancellation).ConfigureAwait(false)).Rows;
        return Read<T>(rows, map, refresh);
    }

    /// <summary>Rows as values, or as objects of this zone.</summary>
    private T[] Read<T>(RowSet rows, EntityMap? map, bool refresh)
    {
        if (rows.Count == 0)
            return [];
        var values = new T[rows.Count];
        if (map is null)
        {
            var read = RowMapper<T>.For(rows);
            for (var row = 0; row < values.Length; row++)
                values[row] = read(rows, row);
        }
        else
        {
            var read = map.Reader(rows);
            for (var row = 0; row < values.Length; row++)
                values[row] = (T)_zone.Load(map, read(rows, row), refresh);
        }

        return values;
    }

    /// <summary>The row of a key, loaded; null when it is not there.</summary>
    internal async ValueTask<T?> LoadAsync<T>(EntityMap map, EntityKey key, GetOptions options, CancellationToken cancellation)
        where T : class
    {
        var found = await QueryAsync<T>(map.Select(key, Words(options.Locking)), options.Refresh, map, cancellation).ConfigureAwait(false);
        if (found.Count > 0)
            return found[0];
        if (_zone.Find(map, key) is { } vanished)
        {
            _zone.Forget(vanished, ObjectState.Detached);
            vanished.NoteVanished();
        }

        return null;
    }

    /// <summary>How the type is mapped when it is an entity; null when its rows are values.</summary>
    internal async ValueTask<EntityMap?> MapOfAsync<T>(CancellationToken cancellation) =>
        typeof(T).IsClass && typeof(T) != typeof(string) && !typeof(T).IsArray
            ? await _maps.TryMapAsync(typeof(T), cancellation).ConfigureAwait(false)
            : null;

    /// <summary>What other handles wrote is known to be out of date here.</summary>
    internal void ExpireStale()
    {
        if (_link.Stale.IsEmpty)
            return;
        _zone.ExpireTables(_link.Stale);
        _link.TakeStale();
    }

    private static string Words(RowLock locking) => locking switch
    {
        RowLock.None => "",
        RowLock.ForUpdate => "for update",
        RowLock.ForNoKeyUpdate => "for no key update",
        RowLock.ForShare => "for share",
        RowLock.ForKeyShare => "for key share",
    };

    private async ValueTask<IReadOnlyList<T>> QueryAsync<T>(Statement statement, bool refresh, EntityMap map,
        CancellationToken cancellation)
    {
        var rows = (await ExecuteAsync(statement, cancellation).ConfigureAwait(false)).Rows;
        return Read<T>(rows, map, refresh);
    }
}
