using Broker.Client.Entities;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Flushing;

/// <summary>
/// Finds updates that cannot be one UPDATE: the server checks a unique key with each row, so that no row may take what another has not yet
/// given up. Keys that are deferrable are checked later, and need none of this.
/// </summary>
internal static class KeyExchange
{
    /// <summary>
    /// What exchanges its values, and what is left. Throws <c>EntityRefused</c> where rows that point at them would be touched.
    /// </summary>
    internal static (Batch? Exchange, List<EntityChange> Updates, List<EntityChange> Deletes) Find(EntityMap map,
        List<EntityChange> updates, List<EntityChange> deletes)
    {
        var changed = updates.Aggregate(ColumnSet.None, (set, update) => set.Or(update.Changed));
        var moved = ColumnSet.None;
        var gone = new HashSet<EntityChange>(ReferenceEqualityComparer.Instance);
        foreach (var key in map.Table.UniqueKeys.Where(key => key.Immediate))
            if (ColumnsOf(map, key) is { } columns
                && ColumnSet.Of(columns) is var set
                && changed.Overlaps(set)
                && Collides(columns, set, updates, deletes, gone))
                moved = moved.Or(set);
        if (moved.IsEmpty)
            return (null, updates, deletes);
        Refuse(map, moved);
        var movers = KeyOrder.Of(map, [.. updates.Where(update => update.Changed.Overlaps(moved)), .. deletes.Where(gone.Contains)]);
        if (movers.Exists(change => !change.Defaults.IsEmpty))
            throw NotSupported(map, "one of them takes the place of a deleted row and leaves columns to their default");
        var written = movers.Aggregate(ColumnSet.None, (set, change) => set.Or(change.Changed));
        return (new(ChangeKind.Update, map, written, ColumnSet.None, [.. movers]),
            [.. updates.Where(update => !update.Changed.Overlaps(moved))], [.. deletes.Where(delete => !gone.Contains(delete))]);
    }

    private static EntityColumn[]? ColumnsOf(EntityMap map, UniqueKey key)
    {
        EntityColumn?[] columns = [.. key.Columns.Select(name => map.Columns.FirstOrDefault(column => column.Facts.Name == name))];
        return columns.Contains(null) ? null : [.. columns.OfType<EntityColumn>()];
    }

    /// <summary>Whether a row takes values that another row of the flush has, and notes the deletes that are in the way.</summary>
    private static bool Collides(EntityColumn[] columns, ColumnSet set, List<EntityChange> updates, List<EntityChange> deletes,
        HashSet<EntityChange> gone)
    {
        EntityChange[] movers = [.. updates.Where(update => update.Changed.Overlaps(set))];
        var owners = new Dictionary<EntityKey, EntityChange>();
        foreach (var owner in movers.Concat(deletes))
            owners.TryAdd(Values(columns, owner.Original), owner);
        var collides = false;
        foreach (var mover in movers)
        {
            if (!owners.TryGetValue(Values(columns, mover.Entity), out var owner) || owner == mover)
                continue;
            collides = true;
            if (owner.Kind == ChangeKind.Delete)
                gone.Add(owner);
        }
        return collides;
    }

    private static EntityKey Values(EntityColumn[] columns, object entity) =>
        columns is [var only] ? only.KeyPart(entity) : new CompositeKey([.. columns.Select(column => column.KeyPart(entity))]);

    // The rows are deleted and inserted in one statement, at whose end foreign keys of NO ACTION look and find them in place.
    private static void Refuse(EntityMap map, ColumnSet moved)
    {
        if (map.Table.ReferencedBy.FirstOrDefault(key => key.OnDelete != ReferenceAction.NoAction) is { } deleting)
            throw NotSupported(map,
                $"foreign key {deleting.Name} of {deleting.Table} acts when a row is deleted; make it ON DELETE NO ACTION, or "
                    + "the unique key deferrable");
        if (moved.Overlaps(map.Keys) && map.Table.ReferencedBy
            .FirstOrDefault(key => key.OnUpdate is ReferenceAction.Cascade or ReferenceAction.Reset) is { } updating)
            throw NotSupported(map, $"foreign key {updating.Name} of {updating.Table} follows the key; make the unique key deferrable");
    }

    private static BrokerException NotSupported(EntityMap map, string reason) =>
        new(new EntityRefused(map.Name, null, $"rows cannot exchange unique values in one flush: {reason}"));
}
