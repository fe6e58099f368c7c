using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;
using System.Reflection;
using Broker.Client.Mapping;
using Broker.Client.Parameters;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Entities;

/// <summary>
/// What a .NET type says of its table: by its attributes (`System.ComponentModel.DataAnnotations`) and by convention. Read once for each
/// type.
/// </summary>
internal sealed class EntityType
{
    private static readonly ConcurrentDictionary<Type, EntityType> Known = new();

    private EntityType(Type type)
    {
        Type = type;
        Name = ParameterTypes.NameOf(type);
        var table = type.GetCustomAttribute<TableAttribute>();
        Schema = table?.Schema;
        TableNames = table is null ? NamingConvention.TableNames(type.Name) : [table.Name];
        PropertyInfo[] mapped = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(IsCandidate)];
        Properties = [.. mapped.Where(property => !IsNavigation(property)).Select(EntityProperty.Of)];
        Navigations = [.. mapped.Where(IsNavigation).Select(property => EntityNavigation.Of(property, Properties))
            .OfType<EntityNavigation>()];
    }

    internal Type Type { get; }

    /// <summary>How failures name it.</summary>
    internal string Name { get; }

    /// <summary>The schema that [Table] names; null for the search path.</summary>
    internal string? Schema { get; }

    /// <summary>What its table may be called: one name by [Table], else the singular and the plural.</summary>
    internal ImmutableArray<string> TableNames { get; }

    internal ImmutableArray<EntityProperty> Properties { get; }

    internal ImmutableArray<EntityNavigation> Navigations { get; }

    internal static EntityType Of(Type type) =>
        Known.TryGetValue(type, out var known) ? known : Known.GetOrAdd(type, static type => Read(type));

    private static EntityType Read(Type type) =>
        !type.IsClass || type.IsAbstract || type.IsArray || Scalars.IsScalar(type) || type.ContainsGenericParameters
        ? throw new BrokerException(new EntityRefused(ParameterTypes.NameOf(type), null, "an entity is a class or record that can be made"))
        : new(type);

    private static bool IsCandidate(PropertyInfo property) =>
        property.GetMethod is { IsPublic: true } && property.GetIndexParameters().Length == 0
        && !property.IsDefined(typeof(NotMappedAttribute)) && (property.SetMethod is not null || BackingFields.Of(property) is not null);

    /// <summary>A reference to another entity: a class that is no value and that no attribute makes a column.</summary>
    private static bool IsNavigation(PropertyInfo property)
    {
        var type = property.PropertyType;
        return !property.IsDefined(typeof(ColumnAttribute)) && (IsEntities(type) || IsEntity(type));
    }

    private static bool IsEntity(Type type) => type.IsClass && !type.IsArray && !Scalars.IsScalar(type) && !type.IsGenericType
        && type.Namespace?.StartsWith("System", StringComparison.Ordinal) != true
            && !typeof(System.Collections.IEnumerable).IsAssignableFrom(type);

    /// <summary>Collections of entities are not followed; the others hold the foreign key.</summary>
    private static bool IsEntities(Type type) =>
        type.GetInterfaces().Append(type)
            .Any(one => one.IsGenericType
                && one.GetGenericTypeDefinition() == typeof(IEnumerable<>)
                && IsEntity(one.GetGenericArguments()[0]));
}

/// <summary>One property that is a column.</summary>
internal sealed record EntityProperty(PropertyInfo Property, string Column, string? TypeName)
{
    internal string Name => Property.Name;

    internal bool IsKey { get; private init; }

    internal int Order { get; private init; }

    internal bool IsConcurrencyCheck { get; private init; }

    internal bool IsTimestamp { get; private init; }

    internal DatabaseGeneratedOption? Generated { get; private init; }

    /// <summary>The navigation that [ForeignKey] on this property names.</summary>
    internal string? ForeignKey { get; private init; }

    internal static EntityProperty Of(PropertyInfo property)
    {
        var column = property.GetCustomAttribute<ColumnAttribute>();
        return new(property, column?.Name ?? NamingConvention.Snake(property.Name), column?.TypeName)
        {
            IsKey = property.IsDefined(typeof(KeyAttribute)),
            Order = column is { Order: >= 0 } ? column.Order : int.MaxValue,
            IsConcurrencyCheck = property.IsDefined(typeof(ConcurrencyCheckAttribute)),
            IsTimestamp = property.IsDefined(typeof(TimestampAttribute)),
            Generated = property.GetCustomAttribute<DatabaseGeneratedAttribute>()?.DatabaseGeneratedOption,
            ForeignKey = property.GetCustomAttribute<ForeignKeyAttribute>()?.Name,
        };
    }
}

/// <summary>A reference to another entity, which orders a flush and fills the foreign key.</summary>
/// <param name="Property">The reference.</param>
/// <param name="ForeignKey">The properties of the foreign key, in the order of the other's key.</param>
internal sealed record EntityNavigation(PropertyInfo Property, ImmutableArray<EntityProperty> ForeignKey)
{
    /// <summary>
    /// By [ForeignKey] on either side, else `Customer` by `CustomerId`. Null when no property holds the key: then it means nothing here.
    /// </summary>
    internal static EntityNavigation? Of(PropertyInfo property, ImmutableArray<EntityProperty> properties)
    {
        var named = property.GetCustomAttribute<ForeignKeyAttribute>()?.Name.Split(',', StringSplitOptions.TrimEntries);
        EntityProperty?[] found = named is not null ? [.. named.Select(name => properties.FirstOrDefault(one => one.Name == name))]
            : properties.Any(one => one.ForeignKey == property.Name) ? [.. properties.Where(one => one.ForeignKey == property.Name)]
            : [properties.FirstOrDefault(one => one.Name == property.Name + "Id")];
        return found.Contains(null) ? null : new(property, [.. found.OfType<EntityProperty>()]);
    }
}

/// <summary>Where a property without a setter keeps its value.</summary>
internal static class BackingFields
{
    internal static FieldInfo? Of(PropertyInfo property) =>
        property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic);
}
