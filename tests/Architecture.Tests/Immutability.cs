using System.Collections;
using System.Reflection;

namespace Broker.Architecture.Tests;

/// <summary>Why a type may not be sent: a message that its sender or its receiver can change is shared state.</summary>
internal static class Immutability
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>One line for each thing that is wrong; none for interfaces, enums and static types.</summary>
    public static IEnumerable<string> Violations(Type type)
    {
        if (type.IsInterface || type.IsEnum || (type.IsAbstract && type.IsSealed))
        {
            return [];
        }

        string[] open = type.IsSealed || type.IsAbstract ? [] : [$"{type.Name} is not sealed"];
        return [.. open, .. MutableFields(type), .. MutableCollections(type)];
    }

    /// <summary>
    /// The types of one assembly that travel when <paramref name="roots"/> do: what their properties hold, what derives from those, and so
    /// on. A builder beside a message does not travel, and may change.
    /// </summary>
    public static IReadOnlySet<Type> Closure(IEnumerable<Type> roots)
    {
        var found = new HashSet<Type>();
        var open = new Queue<Type>(roots);
        while (open.TryDequeue(out var type))
        {
            if (!found.Add(type))
            {
                continue;
            }

            var held = type.GetProperties(Instance).SelectMany(property => Named(property.PropertyType));
            var derived = type.Assembly.GetTypes().Where(other => type.IsAbstract && type.IsAssignableFrom(other));
            foreach (var next in held.Concat(derived).Where(next => next.Assembly == type.Assembly && !next.IsGenericParameter))
            {
                open.Enqueue(next);
            }
        }

        return found;
    }

    /// <summary>A type without its arguments, and its arguments: <c>ImmutableArray&lt;Column&gt;</c> holds columns.</summary>
    private static IEnumerable<Type> Named(Type type) =>
        type.IsGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Named)] : [type];

    private static IEnumerable<string> MutableFields(Type type) =>
        from declaring in BasesAndSelf(type)
        from field in declaring.GetFields(Instance)
        where !field.IsInitOnly
        select $"{type.Name}.{field.Name} can be assigned after construction";

    /// <summary>
    /// A private array may be the type's own; what others see may not be a collection that somebody can change, or an interface that hides
    /// one.
    /// </summary>
    private static IEnumerable<string> MutableCollections(Type type) =>
        from declaring in BasesAndSelf(type)
        from property in declaring.GetProperties(Instance)
        where property.GetMethod is { IsPrivate: false }
            && property.GetIndexParameters().Length == 0
            && IsMutableCollection(property.PropertyType)
        select $"{type.Name}.{property.Name} is a {property.PropertyType.Name}, which can be changed";

    private static bool IsMutableCollection(Type type) =>
        type != typeof(string)
        && typeof(IEnumerable).IsAssignableFrom(type)
        && type.Namespace is not ("System.Collections.Immutable" or "System.Collections.Frozen");

    private static IEnumerable<Type> BasesAndSelf(Type type)
    {
        for (var one = type; one is not null && one.Assembly == type.Assembly; one = one.BaseType)
        {
            yield return one;
        }
    }
}
