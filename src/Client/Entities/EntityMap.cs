using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations.Schema;
using System.Reflection;
using System.Runtime.InteropServices;
using Broker.Client.Flushing;
using Broker.Client.Mapping;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Entities;

/// <summary>
/// An entity type bound to its table: how its objects are read, written, compared and copied. Immutable but for the texts it has made;
/// shared by all who use the type on one database. Objects are passed as <see cref="object"/> and must be of <see cref="Type"/>.
/// </summary>
internal sealed class EntityMap
{
    private readonly Func<RowSet, ReadRow<object>> _reader;
    private readonly EntityColumn[] _mutable;
    private readonly EntityColumn[] _optional;

    internal EntityMap(EntityType type, TableFacts table, MapParts parts)
    {
        (Type, Table, Columns, Key, Version, Guards, References) = (type, table, parts.Columns, parts.Key, parts.Version, parts.Guards,
            parts.References);
        _reader = RowReading.Of(type.Type);
        _mutable = [.. Columns.Where(column => column.IsMutable)];
        _optional = [.. Columns
            .Where(column => column is { IsComputed: false, HasDefault: true }
                && column.Property.Generated != DatabaseGeneratedOption.None)];
        Keys = ColumnSet.Of(Key);
        Written = ColumnSet.Of(Columns.Where(column => !column.IsComputed));
        Computed = ColumnSet.Of(Columns.Where(column => column.IsComputed));
        IsImmutable = _mutable.Length == 0 && Columns.All(column => Settable.OnlyWhileMade(column.Property.Property))
            && References.All(reference => Settable.OnlyWhileMade(reference.Property));
        Name = type.Name;
    }

    internal EntityType Type { get; }

    /// <summary>How failures name the type.</summary>
    internal string Name { get; }

    internal TableFacts Table { get; }

    /// <summary>The mapped columns, in the order of the properties.</summary>
    internal ImmutableArray<EntityColumn> Columns { get; }

    /// <summary>The columns of the key, in the key's order.</summary>
    internal ImmutableArray<EntityColumn> Key { get; }

    /// <summary>What tells whether a row is still as it was read; null when the type has none.</summary>
    internal EntityVersion? Version { get; }

    /// <summary>Further columns whose original value must still be there.</summary>
    internal ImmutableArray<EntityColumn> Guards { get; }

    /// <summary>References to other entities.</summary>
    internal ImmutableArray<EntityReference> References { get; }

    internal ColumnSet Keys { get; }

    /// <summary>The columns that may be written.</summary>
    internal ColumnSet Written { get; }

    /// <summary>The columns that the server computes.</summary>
    internal ColumnSet Computed { get; }

    /// <summary>Whether its objects cannot be changed once they are made, so that no snapshot is needed to see a change.</summary>
    internal bool IsImmutable { get; }

    /// <summary>The texts made for it.</summary>
    internal ConcurrentDictionary<FlushTextKey, object> Texts { get; } = new();

    /// <summary>The key of an entity; throws <c>EntityRefused</c> when it has a null in it.</summary>
    internal EntityKey KeyOf(object entity)
    {
        if (Key is [var only])
            return Known(only.KeyPart(entity), only);
        var parts = new EntityKey[Key.Length];
        for (var i = 0; i < parts.Length; i++)
            parts[i] = Known(Key[i].KeyPart(entity), Key[i]);
        return new CompositeKey(ImmutableCollectionsMarshal.AsImmutableArray(parts));
    }

    /// <summary>The key of values given by a caller, in the order of the key; throws <c>EntityRefused</c>.</summary>
    internal EntityKey KeyFrom(params ReadOnlySpan<object?> values)
    {
        if (values.Length != Key.Length)
            throw new BrokerException(
                new EntityRefused(Name, null,
                    $"its key has {Key.Length} columns "
                        + $"({string.Join(", ", Key.Select(column => column.Property.Name))}), not {values.Length}"));
        if (values.Length == 1)
            return Key[0].KeyPartOf(values[0]);
        var parts = new EntityKey[values.Length];
        for (var i = 0; i < parts.Length; i++)
            parts[i] = Key[i].KeyPartOf(values[i]);
        return new CompositeKey(ImmutableCollectionsMarshal.AsImmutableArray(parts));
    }

    /// <summary>
    /// Whether an object that was read by another map of its type is to this one what it was to that: the table is the same, and keys are.
    /// </summary>
    internal bool CanFollow(EntityMap former) => former.Table.FullName == Table.FullName && former.IsImmutable == IsImmutable
        && former.Key.Select(static column => (column.Property.Name, column.WireType))
            .SequenceEqual(Key.Select(static column => (column.Property.Name, column.WireType)));

    /// <summary>Whether the server is to give the entity's key, so that it is not known yet.</summary>
    internal bool IsKeyUnset(object entity)
    {
        foreach (var column in Key)
            if (column.IsNull(entity)
                || (column.HasDefault && column.Property.Generated != DatabaseGeneratedOption.None && column.IsUnset(entity)))
                return true;
        return false;
    }

    /// <summary>The key of an entity as failures show it; null when it is not known.</summary>
    internal string? ShowKey(object entity)
    {
        if (IsKeyUnset(entity))
            return null;
        try
        {
            return KeyOf(entity).ToString();
        }
        catch (BrokerException)
        {
            return null;
        }
    }

    /// <summary>A copy of an entity that stays as it is: the object, and copies of what can be changed in place.</summary>
    internal object Copy(object entity)
    {
        var copy = Accessors.Clone(entity);
        foreach (var column in _mutable)
            column.Copy(entity, copy);
        return copy;
    }

    /// <summary>Gives an entity all mapped values of another.</summary>
    internal void Overwrite(object entity, object with)
    {
        foreach (var column in Columns)
            column.Copy(with, entity);
    }

    /// <summary>Gives an entity all that a snapshot has, the entities that it refers to included.</summary>
    internal void Restore(object entity, object snapshot)
    {
        Overwrite(entity, snapshot);
        foreach (var reference in References)
            reference.Set(entity, reference.Of(snapshot));
    }

    /// <summary>
    /// The entities that an entity refers to, when its row was read anew: rows know of none, so a snapshot made of one has those of the
    /// snapshot before. When the row refers to another now, that one is not known.
    /// </summary>
    /// <param name="entity">The entity.</param>
    /// <param name="before">What was known of its row.</param>
    /// <param name="snapshot">What is known now.</param>
    /// <param name="all">Whether those that were set since are given up.</param>
    internal void KeepReferences(object entity, object before, object snapshot, bool all)
    {
        foreach (var reference in References)
        {
            var known = reference.Of(before);
            if (known is not null && !reference.ForeignKey.All(column => column.Same(before, snapshot)))
                known = null;
            if (all || ReferenceEquals(reference.Of(entity), reference.Of(before)))
                reference.Set(entity, known);
            reference.Set(snapshot, known);
        }
    }

    /// <summary>
    /// The columns whose value differs, by content, those that the server computes left out; and foreign keys whose reference was set to
    /// another entity.
    /// </summary>
    internal ColumnSet ChangedColumns(object entity, object snapshot)
    {
        if (ReferenceEquals(entity, snapshot))
            return ColumnSet.None;
        var changed = ColumnSet.None;
        foreach (var column in Columns)
            if (!column.IsComputed && column != Version?.Column && !column.Same(entity, snapshot))
                changed = changed.With(column.Index);
        foreach (var reference in References)
            if (reference.Of(entity) is { } other
                && !ReferenceEquals(other, reference.Of(snapshot))
                && !changed.Overlaps(reference.Columns))
                changed = changed.Or(reference.Columns);
        return changed;
    }

    /// <summary>The columns that an INSERT of the entity leaves out: nothing was set, and the server has a value for them.</summary>
    internal ColumnSet LeftOut(object entity)
    {
        var left = ColumnSet.None;
        foreach (var column in _optional)
            if (column.IsUnset(entity))
                left = left.With(column.Index);
        return left;
    }

    /// <summary>The entities of rows that <see cref="Select"/> answered, or of any that have the columns.</summary>
    internal ReadRow<object> Reader(RowSet rows) => _reader(rows);

    /// <summary>Reads the row of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="suffix">What stands behind, such as `for update`.</param>
    internal Statement Select(EntityKey key, string suffix = "") => SelectTexts.One(this, key, suffix);

    private EntityKey Known(EntityKey part, EntityColumn column) =>
        part is NullKey ? throw new BrokerException(new EntityRefused(Name, column.Property.Name, "its key is null")) : part;
}

/// <summary>What an <see cref="EntityMap"/> is made of.</summary>
internal sealed record MapParts(
    ImmutableArray<EntityColumn> Columns, ImmutableArray<EntityColumn> Key, EntityVersion? Version, ImmutableArray<EntityColumn> Guards,
        ImmutableArray<EntityReference> References);

/// <summary>What tells that a row has changed.</summary>
internal sealed record EntityVersion(EntityColumn Column, VersionKind Kind);

/// <summary>Who changes a version.</summary>
internal enum VersionKind
{
    /// <summary>A number that every UPDATE adds one to.</summary>
    Counter,
    /// <summary>The transaction that wrote the row last.</summary>
    Xmin,
    /// <summary>A column that the server computes.</summary>
    Server,
}

/// <summary>A reference property, and the foreign key that goes with it.</summary>
internal sealed class EntityReference(EntityNavigation navigation, ImmutableArray<EntityColumn> foreignKey)
{
    /// <summary>The entity that it refers to; null for none.</summary>
    internal Func<object, object?> Of { get; } = Accessors.Getter<object?>(navigation.Property);

    /// <summary>Refers to another entity, or to none.</summary>
    internal Action<object, object?> Set { get; } = Accessors.Setter<object?>(navigation.Property);

    internal PropertyInfo Property => navigation.Property;

    internal Type Target => navigation.Property.PropertyType;

    internal string Name => navigation.Property.Name;

    /// <summary>In the order of the other's key.</summary>
    internal ImmutableArray<EntityColumn> ForeignKey => foreignKey;

    internal ColumnSet Columns { get; } = ColumnSet.Of(foreignKey);
}
