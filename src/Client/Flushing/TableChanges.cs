using Broker.Client.Entities;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Flushing;

/// <summary>The changes of one entity type, and the batches they fall into.</summary>
internal sealed class TableChanges(EntityMap map)
{
    private List<EntityChange> _inserts = [];
    private List<EntityChange> _updates = [];
    private List<EntityChange> _deletes = [];
    private Batch? _exchange;

    /// <summary>The batch of a change that is the only one of its flush; null when it amounts to nothing.</summary>
    internal static Batch? OfOne(EntityChange change) => change.Kind switch
    {
        ChangeKind.Insert =>
            new(change.Kind, change.Map, change.Map.Written.Except(change.Map.LeftOut(change.Entity)), ColumnSet.None, [change]),
        ChangeKind.Update when change is { Changed.IsEmpty: true, Defaults.IsEmpty: true } => null,
        ChangeKind.Update => new(change.Kind, change.Map, change.Changed, change.Defaults, [change]),
        ChangeKind.Delete => new(change.Kind, change.Map, ColumnSet.None, ColumnSet.None, [change]),
    };

    internal void Add(EntityChange change) => (change.Kind switch
    {
        ChangeKind.Insert => _inserts,
        ChangeKind.Update => _updates,
        ChangeKind.Delete => _deletes,
    }).Add(change);

    /// <summary>
    /// Makes one update of a delete and an insert of one key, finds what must be refused and what exchanges its key, and puts what changes
    /// rows that are there in the order of their keys, so that two flushes lock the rows that both mean in one order.
    /// </summary>
    internal void Settle()
    {
        RefuseTwice();
        if (_inserts.Count > 0 && _deletes.Count > 0)
            SwitchRows();
        (_updates, _deletes) = (KeyOrder.Of(map, _updates), KeyOrder.Of(map, _deletes));
        if (_updates.Count > 0)
            (_exchange, _updates, _deletes) = KeyExchange.Find(map, _updates, _deletes);
    }

    /// <summary>Runs of inserts that write the same columns.</summary>
    internal IEnumerable<Batch> Inserts()
    {
        var from = 0;
        var columns = ColumnSet.None;
        for (var i = 0; i < _inserts.Count; i++)
        {
            var next = map.Written.Except(map.LeftOut(_inserts[i].Entity));
            if (i > from && next != columns)
            {
                yield return new(ChangeKind.Insert, map, columns, ColumnSet.None, [.. _inserts[from..i]]);
                from = i;
            }
            columns = next;
        }
        if (_inserts.Count > from)
            yield return new(ChangeKind.Insert, map, columns, ColumnSet.None, from == 0 ? [.. _inserts] : [.. _inserts[from..]]);
    }

    /// <summary>Updates by the columns that they write.</summary>
    internal IEnumerable<Batch> Updates() => _updates.Where(change => !change.Changed.IsEmpty || !change.Defaults.IsEmpty)
        .GroupBy(change => (change.Changed, change.Defaults))
            .Select(group => new Batch(ChangeKind.Update, map, group.Key.Changed, group.Key.Defaults, [.. group]));

    internal IEnumerable<Batch> Deletes() =>
        _deletes.Count == 0 ? [] : [new(ChangeKind.Delete, map, ColumnSet.None, ColumnSet.None, [.. _deletes])];

    /// <summary>The updates that cannot run one after the other, because each takes a key that another still has.</summary>
    internal Batch? Exchanged() => _exchange;

    private void SwitchRows()
    {
        var deleted = _deletes.ToDictionary(change => map.KeyOf(change.Original));
        var inserts = new List<EntityChange>(_inserts.Count);
        foreach (var insert in _inserts)
        {
            if (map.IsKeyUnset(insert.Entity) || !deleted.Remove(map.KeyOf(insert.Entity), out var delete))
            {
                inserts.Add(insert);
                continue;
            }
            var defaults = map.LeftOut(insert.Entity).Except(map.Keys);
            var changed = map.Written.Except(map.Keys).Except(defaults);
            if (map.Version is { Kind: VersionKind.Counter, Column: var version })
                (changed, defaults) = (changed.Except(ColumnSet.None.With(version.Index)),
                    defaults.Except(ColumnSet.None.With(version.Index)));
            _updates.Add(new(ChangeKind.Update, map, insert.Entity) { Snapshot = delete.Original, Changed = changed, Defaults = defaults });
        }
        if (inserts.Count < _inserts.Count)
            (_inserts, _deletes) = (inserts, [.. _deletes.Where(change => deleted.ContainsKey(map.KeyOf(change.Original)))]);
    }

    private void RefuseTwice()
    {
        if (_updates.Count + _deletes.Count > 1)
            RefuseTwice(_updates.Concat(_deletes).Select(change => change.Original));
        if (_inserts.Count > 1)
            RefuseTwice(_inserts.Select(change => change.Entity).Where(entity => !map.IsKeyUnset(entity)));
    }

    private void RefuseTwice(IEnumerable<object> entities)
    {
        var known = new HashSet<EntityKey>();
        foreach (var entity in entities)
        {
            var key = map.KeyOf(entity);
            if (!known.Add(key))
                throw new BrokerException(new EntityRefused(map.Name, null,
                    "two changes of one flush mean this row") { Key = key.ToString() });
        }
    }
}
