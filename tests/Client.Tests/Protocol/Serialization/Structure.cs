using System.Collections;
using System.Reflection;
using System.Text.Json;
using Akka.Actor;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Tests.Protocol.Serialization;

/// <summary>Compares two values by all that they hold, however deep, and not by what they say of themselves.</summary>
internal static class Structure
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>Where they differ first; null when they do not.</summary>
    public static string? Difference(object? one, object? other, string path = "it")
    {
        if (one is null || other is null)
            return one is null && other is null ? null : Differ(path, one, other);
        if (one.GetType() != other.GetType() && one is not System.Net.IPAddress)
            return Differ(path, one.GetType(), other.GetType());
        return (one, other) switch
        {
            (IActorRef, _) => ReferenceEquals(one, other) ? null : Differ(path, one, other),
            (DateTime a, DateTime b) => a == b && a.Kind == b.Kind ? null : Differ(path, $"{a:O}", $"{b:O}"),
            (DateTimeOffset a, DateTimeOffset b) => a.EqualsExact(b) ? null : Differ(path, a, b),
            (decimal a, decimal b) => decimal.GetBits(a).SequenceEqual(decimal.GetBits(b)) ? null : Differ(path, a, b),
            (JsonElement a, JsonElement b) => JsonElement.DeepEquals(a, b) ? null : Differ(path, a, b),
            (ReadOnlyMemory<byte> a, ReadOnlyMemory<byte> b) => a.Span.SequenceEqual(b.Span) ? null : Differ(path, a.Length, b.Length),
            (Column a, Column b) => OfColumns(a, b, path),
            (BitArray a, BitArray b) => OfLists(a.Cast<bool>().ToArray(), b.Cast<bool>().ToArray(), path),
            (Array a, Array b) => Lengths(a).SequenceEqual(Lengths(b)) ? OfLists(a, b, path) : Differ(path, a, b),
            (IDictionary, _) or (string, _) when one is string => one.Equals(other) ? null : Differ(path, one, other),
            (IDictionary a, IDictionary b) => OfLists(Sorted(a), Sorted(b), path),
            (IEnumerable a, IEnumerable b) when IsImmutable(one.GetType()) => OfLists(a, b, path),
            _ when IsOurs(one.GetType()) => OfFields(one, other, path),
            _ => one.Equals(other) ? null : Differ(path, one, other),
        };
    }

    private static string? OfColumns(Column one, Column other, string path)
    {
        if (Difference((one.Description.Name, one.Description.TypeName, one.Description.TypeOid, one.Count),
            (other.Description.Name, other.Description.TypeName, other.Description.TypeOid, other.Count), path) is { } difference)
            return difference;
        return Enumerable.Range(0, one.Count)
            .Select(row => one.IsNull(row) != other.IsNull(row) ? Differ($"{path}[{row}]", one.IsNull(row), other.IsNull(row))
                : Difference(one.GetValue(row), other.GetValue(row), $"{path}[{row}]"))
            .FirstOrDefault(found => found is not null);
    }

    private static string? OfLists(IEnumerable one, IEnumerable other, string path)
    {
        var (left, right) = (one.Cast<object?>().ToArray(), other.Cast<object?>().ToArray());
        if (left.Length != right.Length)
            return Differ(path, left.Length, right.Length);
        return left.Select((item, i) => Difference(item, right[i], $"{path}[{i}]")).FirstOrDefault(found => found is not null);
    }

    private static string? OfFields(object one, object other, string path)
    {
        for (var type = one.GetType(); type is not null && IsOurs(type); type = type.BaseType)
        {
            foreach (var field in type.GetFields(Declared))
            {
                if (Difference(field.GetValue(one), field.GetValue(other), $"{path}.{field.Name}") is { } found)
                    return found;
            }
        }

        return null;
    }

    private static IEnumerable<int> Lengths(Array array) => Enumerable.Range(0, array.Rank).Select(array.GetLength);

    private static object?[] Sorted(IDictionary pairs) =>
        [.. pairs.Cast<object>().Select(pair => pair is DictionaryEntry entry ? $"{entry.Key}={entry.Value ?? "(null)"}" : pair.ToString())
            .Order(StringComparer.Ordinal)];

    private static bool IsImmutable(Type type) => type.Namespace == "System.Collections.Immutable";

    private static bool IsOurs(Type type) =>
        type.Namespace?.StartsWith("Broker", StringComparison.Ordinal) == true
            || type.FullName!.StartsWith("System.ValueTuple", StringComparison.Ordinal);

    private static string Differ(string path, object? one, object? other) => $"{path}: {one ?? "null"} is not {other ?? "null"}";
}
