using Broker.Client.Entities;

namespace Broker.Client.Sessions;

/// <summary>Which object stands for which row. It forgets rows whose object nobody holds any more.</summary>
internal sealed class IdentityMap
{
    private const int FirstSweep = 64;

    // By type and key in one table: most sessions hold few rows.
    private readonly Dictionary<(Type Type, EntityKey Key), Tracked> _rows = [];
    private int _sweepAt = FirstSweep;

    /// <summary>All that stand for a row.</summary>
    internal Dictionary<(Type Type, EntityKey Key), Tracked>.ValueCollection All => _rows.Values;

    /// <summary>What stands for a row; null when nothing does.</summary>
    internal Tracked? Find(EntityMap map, EntityKey key)
    {
        if (!_rows.TryGetValue((map.Type.Type, key), out var tracked))
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
        _rows[(map.Type.Type, key)] = tracked;
        if (_rows.Count >= _sweepAt)
            Sweep();
        return true;
    }

    /// <summary>Nothing stands for its row any more, if it did.</summary>
    internal void Remove(Tracked tracked)
    {
        if (tracked is { Map: { } map, Key: { } key }
            && _rows.TryGetValue((map.Type.Type, key), out var there)
            && ReferenceEquals(there, tracked))
            _rows.Remove((map.Type.Type, key));
    }

    /// <summary>Forgets all.</summary>
    internal void Clear()
    {
        _rows.Clear();
        _sweepAt = FirstSweep;
    }

    private void Sweep()
    {
        foreach (var (row, tracked) in _rows)
            if (tracked.Entity is null)
                _rows.Remove(row);
        _sweepAt = Math.Max(FirstSweep, _rows.Count * 2);
    }
}
