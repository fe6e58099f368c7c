using Broker.Client.Entities;

namespace Broker.Client.Flushing;

/// <summary>What is to be done to a row.</summary>
internal enum ChangeKind
{
    /// <summary>It is new.</summary>
    Insert,
    /// <summary>Some columns change.</summary>
    Update,
    /// <summary>It goes.</summary>
    Delete,
}

/// <summary>One pending change.</summary>
/// <param name="Kind">What is to be done.</param>
/// <param name="Map">The entity's map.</param>
/// <param name="Entity">The entity as it is to be; it gets what the server gives (keys, defaults, versions) when the flush has run.</param>
internal sealed record EntityChange(ChangeKind Kind, EntityMap Map, object Entity)
{
    /// <summary>The entity as it was read: its key, version and guarded columns say which row is meant. Null: as it is now.</summary>
    internal object? Snapshot { get; init; }

    /// <summary>The columns that an update writes (<see cref="EntityMap.ChangedColumns"/>).</summary>
    internal ColumnSet Changed { get; init; }

    /// <summary>The columns that an update gives their default: a row takes the place of a deleted one.</summary>
    internal ColumnSet Defaults { get; init; }

    internal object Original => Snapshot ?? Entity;

    internal static EntityChange Insert(EntityMap map, object entity) => new(ChangeKind.Insert, map, entity);

    /// <summary>An update of what differs from the snapshot.</summary>
    internal static EntityChange Update(EntityMap map, object entity, object snapshot) =>
        new(ChangeKind.Update, map, entity) { Snapshot = snapshot, Changed = map.ChangedColumns(entity, snapshot) };

    internal static EntityChange Delete(EntityMap map, object entity, object? snapshot = null) =>
        new(ChangeKind.Delete, map, entity) { Snapshot = snapshot };
}
