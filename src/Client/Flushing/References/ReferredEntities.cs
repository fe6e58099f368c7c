using System.Collections.Immutable;
using Broker.Client.Entities;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Flushing.References;

/// <summary>The foreign keys that are to be filled from references to other entities, and the keys that must be drawn for that.</summary>
internal sealed class ReferredEntities
{
    private readonly IReadOnlyList<EntityChange> _changes;
    private readonly List<Link> _links = [];
    private readonly Dictionary<object, FilledEntity> _filled = new(ReferenceEqualityComparer.Instance);

    internal ReferredEntities(IReadOnlyList<EntityChange> changes, Func<Type, EntityMap?> find)
    {
        _changes = changes;
        var pending = new Dictionary<object, EntityChange>(ReferenceEqualityComparer.Instance);
        foreach (var change in changes)
            pending.TryAdd(change.Entity, change);
        var needed = new HashSet<object>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < changes.Count; i++)
            foreach (var reference in changes[i].Map.References)
                if (ToFill(changes[i], reference) is { } other)
                    AddLink(i, reference, other, pending.GetValueOrDefault(other), find, needed);
        Draws = [.. changes.Where(change => needed.Contains(change.Entity)).GroupBy(change => change.Map)
            .Select(group => DrawTexts.Make(group.Key, [.. group]))];
    }

    internal ImmutableArray<KeyDraw> Draws { get; }

    /// <summary>Sets drawn keys and foreign keys. Updates then write the foreign keys too.</summary>
    internal (IReadOnlyList<EntityChange> Changes, ImmutableArray<FilledEntity> Filled) Fill(ImmutableArray<RowSet> drawn)
    {
        for (var i = 0; i < Draws.Length; i++)
        {
            var (draw, columns) = (Draws[i], DrawTexts.Columns(Draws[i].Map));
            var set = new ReturnedValues([.. columns], 0).For(drawn[i]);
            for (var row = 0; row < draw.Changes.Length; row++)
            {
                Note(draw.Map, draw.Changes[row].Entity, ColumnSet.Of(columns));
                set(draw.Changes[row].Entity, drawn[i], row);
            }
        }
        var changes = _changes.ToArray();
        foreach (var link in _links)
        {
            var change = changes[link.Change];
            Note(change.Map, change.Entity, link.Reference.Columns);
            for (var i = 0; i < link.Reference.ForeignKey.Length; i++)
                link.Reference.ForeignKey[i].Fill(change.Entity, link.Target.Key[i], link.Other);
            if (change.Kind == ChangeKind.Update)
                changes[link.Change] = change with { Changed = change.Changed.Or(link.Reference.Columns) };
        }
        return (changes, [.. _filled.Values]);
    }

    /// <summary>The entity that fills the foreign key; null when there is none or the key was set itself, which counts for more.</summary>
    private static object? ToFill(EntityChange change, EntityReference reference) =>
        change.Kind == ChangeKind.Delete || reference.Of(change.Entity) is not { } other ? null
        : change.Kind == ChangeKind.Insert ? reference.ForeignKey.All(column => column.IsUnset(change.Entity)) ? other : null
        : change.Snapshot is { } snapshot
            && !ReferenceEquals(reference.Of(snapshot), other)
            && reference.ForeignKey.All(column => column.Same(change.Entity, snapshot)) ? other
        : null;

    private void AddLink(int change, EntityReference reference, object other, EntityChange? pending, Func<Type, EntityMap?> find,
        HashSet<object> needed)
    {
        var entity = _changes[change];
        var target = pending?.Map ?? find(other.GetType())
            ?? throw Refuse(entity, reference, $"it refers to a {other.GetType().Name} that was not added");
        if (target.Key.Length != reference.ForeignKey.Length)
            throw Refuse(entity, reference,
                $"the key of {target.Name} has {target.Key.Length} columns, its foreign key {reference.ForeignKey.Length}");
        if (target.IsKeyUnset(other))
        {
            if (pending is not { Kind: ChangeKind.Insert })
                throw Refuse(entity, reference, $"it refers to a {target.Name} that was not added");
            needed.Add(other);
        }
        _links.Add(new(change, reference, other, target));
    }

    private void Note(EntityMap map, object entity, ColumnSet columns) => _filled[entity] = _filled.TryGetValue(entity, out var known)
        ? known with { Columns = known.Columns.Or(columns) }
        : new(map, entity, Accessors.Clone(entity), columns);

    private static BrokerException Refuse(EntityChange change, EntityReference reference, string reason) =>
        new(new EntityRefused(change.Map.Name, reference.Name, reason) { Key = change.Map.ShowKey(change.Entity) });

    /// <summary>A foreign key to be filled.</summary>
    private sealed record Link(int Change, EntityReference Reference, object Other, EntityMap Target);
}
