using System.Collections.Immutable;
using System.Reflection;
using Broker.Client.Parameters;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Entities;

/// <summary>
/// Binds an entity type to what the catalogue says of its table. What does not fit is an <c>EntityRefused</c> that names the property.
/// </summary>
internal static class EntityBinding
{
    private static readonly ColumnFacts Xmin = new("xmin", "xid", "xid") { NotNull = true, IsComputed = true };

    /// <summary>The map of a type, of the tables that it may mean.</summary>
    internal static EntityMap Bind(EntityType type, ImmutableArray<TableFacts> candidates) => candidates switch
    {
        [var table] => Bind(type, table),
        [] => throw Refuse(type, null,
            "there is no table "
                + $"{string.Join(" or ", type.TableNames.Select(name => type.Schema is null ? name : $"{type.Schema}.{name}"))} in the "
                + "database"),
        _ => throw Refuse(type, null,
            $"it may mean {string.Join(" or ", candidates.Select(table => table.FullName))}; name one by [Table]"),
    };

    /// <summary>The map of a type on one table.</summary>
    internal static EntityMap Bind(EntityType type, TableFacts table)
    {
        if (type.Properties.IsEmpty)
            throw Refuse(type, null, "it has no property that could be a column");
        if (type.Properties.Length > ColumnSet.Limit)
            throw Refuse(type, null, $"it has {type.Properties.Length} properties, more than {ColumnSet.Limit}");
        var keys = new KeyNames(type);
        ImmutableArray<EntityColumn> columns = [.. type.Properties.Select((property, index) => Column(type, table, property, index, keys))];
        var key = KeyOf(type, table, columns);
        foreach (var column in key.Where(column => column.IsMutable))
            throw Refuse(type, column.Property.Name, $"type {column.Facts.TypeName} is not supported as a key");
        foreach (var column in key.Where(column => column.Facts.ComparesLoosely))
            throw Refuse(type, column.Property.Name,
                $"column {column.Facts.Name} of type {column.Facts.TypeName} cannot be a key: only the server knows which "
                    + "different texts are equal to it");
        keys.Key = key;
        var version = VersionOf(type, columns);
        EntityColumn ColumnOf(EntityProperty property) => columns.First(column => column.Property == property);
        return new(type, table, new(columns, key, version,
            [.. columns.Where(column => column.Property.IsConcurrencyCheck && column != version?.Column && !key.Contains(column))],
            [.. type.Navigations.Select(navigation => new EntityReference(navigation, [.. navigation.ForeignKey.Select(ColumnOf)]))]));
    }

    private static EntityColumn Column(EntityType type, TableFacts table, EntityProperty property, int index, KeyNames keys)
    {
        var facts = table.Columns.FirstOrDefault(column => column.Name == property.Column)
            ?? (property.IsTimestamp || property.Column == Xmin.Name ? Xmin
                : throw Refuse(type, property.Name,
                    $"table {table.FullName} has no column {property.Column}; name it by [Column], or leave the "
                        + "property out by [NotMapped]"));
        var form = ValueForms.For(property.Property.PropertyType, facts)
            ?? throw Refuse(type, property.Name,
                $"{ParameterTypes.NameOf(property.Property.PropertyType)} does not fit column {facts.Name} of type {facts.TypeName}");
        var made = typeof(EntityColumn<,>).MakeGenericType(form.GetType().GetGenericArguments())
            .GetConstructors(BindingFlags.Instance | BindingFlags.NonPublic).Single();
        return (EntityColumn)made.Invoke([type.Name, property, facts, index, form, (Func<object, string?>)keys.Show]);
    }

    private static ImmutableArray<EntityColumn> KeyOf(EntityType type, TableFacts table, ImmutableArray<EntityColumn> columns)
    {
        ImmutableArray<EntityColumn> named = [.. columns.Where(column => column.Property.IsKey).OrderBy(column => column.Property.Order)];
        if (!named.IsEmpty)
            return named;
        if ((columns.FirstOrDefault(column => column.Property.Name == "Id") ?? columns
            .FirstOrDefault(column => column.Property.Name == type.Type.Name + "Id")) is { } conventional)
            return [conventional];
        if (table.PrimaryKey.IsEmpty)
            throw Refuse(type, null,
                $"it has no key: no property has [Key] or is called Id or {type.Type.Name}Id, and table "
                    + $"{table.FullName} has no primary key");
        return [.. table.PrimaryKey.Select(name => columns.FirstOrDefault(column => column.Facts.Name == name)
            ?? throw Refuse(type, null, $"it has no key: it has no property for {name} of the primary key of {table.FullName}"))];
    }

    private static EntityVersion? VersionOf(EntityType type, ImmutableArray<EntityColumn> columns)
    {
        foreach (var column in columns.Where(column => column.Property.IsTimestamp || column.Facts == Xmin))
        {
            if (column.Facts == Xmin)
                return new(column, VersionKind.Xmin);
            if (!IsNumber(column))
                throw Refuse(type, column.Property.Name,
                    $"[Timestamp] needs a whole number, and a column of its own or xmin; {column.Facts.Name} is {column.Facts.TypeName}");
            return new(column, column.IsComputed ? VersionKind.Server : VersionKind.Counter);
        }
        var check = columns.FirstOrDefault(column => column.Property.IsConcurrencyCheck && (column.IsComputed || IsNumber(column)));
        return check is null ? null : new(check, check.IsComputed ? VersionKind.Server : VersionKind.Counter);
    }

    private static bool IsNumber(EntityColumn column) =>
        column.Facts.BaseType is "smallint" or "integer" or "bigint" && !column.Property.Property.PropertyType.IsEnum;

    private static BrokerException Refuse(EntityType type, string? property, string reason) =>
        new(new EntityRefused(type.Name, property, reason));

    /// <summary>Shows an entity's key; known only when all columns are.</summary>
    private sealed class KeyNames(EntityType type)
    {
        internal ImmutableArray<EntityColumn> Key { get; set; } = [];

        internal string? Show(object entity)
        {
            try
            {
                return !type.Type.IsInstanceOfType(entity) || Key.IsEmpty ? null
                    : Key is [var only] ? only.Show(entity)
                    : $"({string.Join(", ", Key.Select(column => column.Show(entity)))})";
            }
            catch (Exception exception) when (exception is UnfitValue or BrokerException)
            {
                return null;
            }
        }
    }
}
