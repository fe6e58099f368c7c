using System.Collections.Immutable;
using System.Reflection;

namespace Broker.Client.Protocol.Serialization.Forms;

/// <summary>What of a record is written: what it is constructed with, then what may be initialized. What it computes is not.</summary>
internal static class RecordFields
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>The properties in the order of the wire, and whether each is given at construction.</summary>
    internal static ImmutableArray<(PropertyInfo Property, bool Constructed)> Of(Type record)
    {
        var settable = record.GetProperties(Instance)
            .Where(static property => property.CanWrite && !property.IsDefined(typeof(NotSentAttribute)))
                .ToDictionary(static property => property.Name);
        var constructor = record.GetConstructors(Instance)
            .Where(one => one.GetParameters().All(parameter => settable.ContainsKey(parameter.Name!)))
            .MaxBy(static one => one.GetParameters().Length)
            ?? throw new InvalidOperationException($"{record.Name} is no record");
        var constructed = constructor.GetParameters().Select(parameter => settable[parameter.Name!]).ToArray();
        var initialized = settable.Values.Except(constructed).OrderBy(static property => property.MetadataToken);
        return [.. constructed.Select(static property => (property, true)), .. initialized.Select(static property => (property, false))];
    }

    /// <summary>The one instance that a type keeps of itself for when there is nothing to say; null when it keeps none.</summary>
    internal static T? BlankOf<T>() where T : class =>
        (T?)typeof(T).GetProperties(BindingFlags.Static | BindingFlags.Public)
            .SingleOrDefault(static property => property.PropertyType == typeof(T))?.GetValue(null);
}
