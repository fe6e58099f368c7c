using Broker.Client.Entities;

namespace Broker.Client.Sessions;

/// <summary>Which object stands for which row. It forgets rows whose object nobody holds any more.</summary>
internal sealed class IdentityMap
{
    private const int FirstSweep = 64;

    private readonly Dictionary<Type, Dictionary<EntityKey, Tracked>> _rows = [];
    private int _count;
    private int _sweepAt = FirstSweep;

    /// <summary>All that stand for a row.</summary>
    internal IEnumerable<Tracked> All => _rows.Values.SelectMany(static rows => rows.Values);

    /// <summary>What stands for a row; null when nothing does.</summary>
    internal Tracked? Find(EntityMap map, EntityKey key)
    {
        if (!_rows.TryGetValue(map.Type.Type, out var rows) || !rows.TryGetValue(key, out var tracked))
            return null;
        if (tracked.Entity is not null)
            return tracked;
        Remove(tracked);
        return null;
    }

    /// <summary>Puts an object in the place of its row; false when another stands there.</summary>
    internal bool TryAdd(Tracked tracked)
    {
        var (map, key) = (tracked.Map!, tracked.Key!);
        if (Find(map, key) is { } there)
            return ReferenceEquals(there, tracked);
        if (!_rows.TryGetValue(map.Type.Type, out var rows))
            _rows[map.Type.Type] = rows = [];
        rows[key] = tracked;
        if (++_count >= _sweepAt)
            Sweep();
        return true;
    }

    /// <summary>Nothing stands for its row any more, if it did.</summary>
    internal void Remove(Tracked tracked)
    {
        if (tracked is { Map: { } map, Key: { } key } && _rows.TryGetValue(map.Type.Type, out var rows)
            && rows.TryGetValue(key, out var there) && ReferenceEquals(there, tracked))
        {
            rows.Remove(key);
            _count--;
        }
    }

    /// <summary>Forgets all.</summary>
    internal void Clear()
    {
        _rows.Clear();
        (_count, _sweepAt) = (0, FirstSweep);
    }

    private void Sweep()
    {
        foreach (var rows in _rows.Values)
            foreach (var (key, tracked) in rows)
                if (tracked.Entity is null && rows.Remove(key))
                    _count--;
        _sweepAt = Math.Max(FirstSweep, _count * 2);
    }
}
