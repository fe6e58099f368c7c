using System.Collections.Immutable;
using System.Globalization;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Entities;

/// <summary>
/// The key of a row: equal when its values are. Keys of different entity types are not told apart. Those of one type have an order, which
/// is the same in every process: it is that of the values, and of texts that of their characters' numbers, whatever the culture.
/// </summary>
internal abstract class EntityKey : IEquatable<EntityKey>, IComparable<EntityKey>
{
    /// <summary>The values, as parameters, in the order of the key's columns.</summary>
    internal abstract ImmutableArray<Parameter> Parameters { get; }

    public abstract bool Equals(EntityKey? other);

    public abstract int CompareTo(EntityKey? other);

    public sealed override bool Equals(object? obj) => Equals(obj as EntityKey);

    public abstract override int GetHashCode();

    /// <summary>As failures show it: `7`, or `(7, abc)`.</summary>
    public abstract override string ToString();

    private protected int NotOfOneType(EntityKey? other) =>
        throw new InvalidOperationException($"keys {this} and {other} are not of one type");
}

/// <summary>A key of one column. The value is as it is stored: times have microseconds.</summary>
internal sealed class EntityKey<T>(T value) : EntityKey where T : notnull
{
    private static readonly long Epoch = new DateTime(2000, 1, 1).Ticks;
    private static readonly IComparer<T> Order = typeof(T) == typeof(string) ? (IComparer<T>)StringComparer.Ordinal : Comparer<T>.Default;

    internal T Value { get; } = Stored(value);

    internal override ImmutableArray<Parameter> Parameters => [new Parameter<T>(Value)];

    public override bool Equals(EntityKey? other) => other is EntityKey<T> key && EqualityComparer<T>.Default.Equals(Value, key.Value);

    public override int CompareTo(EntityKey? other) => other is EntityKey<T> key ? Order.Compare(Value, key.Value) : NotOfOneType(other);

    public override int GetHashCode() => EqualityComparer<T>.Default.GetHashCode(Value);

    public override string ToString() => Shown.Value(Value);

    // What is less than a microsecond is left out towards the server's epoch, as it is when it is sent.
    private static T Stored(T value) => value switch
    {
        DateTime time => (T)(object)new DateTime(Epoch + Whole(time.Ticks - Epoch), time.Kind),
        TimeOnly time => (T)(object)new TimeOnly(Whole(time.Ticks)),
        TimeSpan span => (T)(object)new TimeSpan(Whole(span.Ticks)),
        _ => value,
    };

    private static long Whole(long ticks) => ticks - (ticks % TimeSpan.TicksPerMicrosecond);
}

/// <summary>A NULL in a key, which equals no other.</summary>
internal sealed class NullKey : EntityKey
{
    internal static NullKey Instance { get; } = new();

    internal override ImmutableArray<Parameter> Parameters => [Parameter.Null<string>()];

    public override bool Equals(EntityKey? other) => false;

    public override int CompareTo(EntityKey? other) => other is NullKey ? 0 : NotOfOneType(other);

    public override int GetHashCode() => 0;

    public override string ToString() => "null";
}

/// <summary>A key of several columns.</summary>
internal sealed class CompositeKey : EntityKey
{
    private readonly ImmutableArray<EntityKey> _parts;
    private readonly int _hash;

    internal CompositeKey(ImmutableArray<EntityKey> parts)
    {
        _parts = parts;
        var hash = new HashCode();
        foreach (var part in parts)
            hash.Add(part);
        _hash = hash.ToHashCode();
    }

    internal override ImmutableArray<Parameter> Parameters => [.. _parts.SelectMany(part => part.Parameters)];

    public override bool Equals(EntityKey? other) =>
        other is CompositeKey key && key._hash == _hash && _parts.AsSpan().SequenceEqual(key._parts.AsSpan());

    public override int CompareTo(EntityKey? other) =>
        other is CompositeKey key ? _parts.AsSpan().SequenceCompareTo(key._parts.AsSpan()) : NotOfOneType(other);

    public override int GetHashCode() => _hash;

    public override string ToString() => $"({string.Join(", ", _parts)})";
}

/// <summary>Values as failures show them.</summary>
internal static class Shown
{
    internal static string Value(object? value) => value switch
    {
        null => "null",
        bool truth => truth ? "t" : "f",
        DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
