using System.Collections.Immutable;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Parameters;

/// <summary>How values of one scalar type, nullables and lists of it become parameters.</summary>
internal abstract class ParameterRule
{
    /// <summary>The scalar type.</summary>
    internal abstract Type Type { get; }

    /// <summary>The capture of single values; <typeparamref name="T"/> is the scalar type, or its nullable.</summary>
    internal abstract Func<T, int, Parameter> Single<T>();

    /// <summary>
    /// The capture of lists; <typeparamref name="T"/> implements IReadOnlyList of <paramref name="element"/>. Null when not supported.
    /// </summary>
    internal abstract Func<T, int, Parameter>? ListOf<T>(Type element);
}

/// <summary>A value type that is sent as it is, or proven first.</summary>
internal sealed class ValueRule<TValue>(Func<TValue, int, TValue>? prove = null, Action<IEnumerable<TValue>, int>? proveAll = null)
    : ParameterRule
    where TValue : struct
{
    private readonly Func<TValue, int, Parameter> _single = prove is null
        ? static (value, _) => new Parameter<TValue>(value)
        : (value, position) => new Parameter<TValue>(prove!(value, position));

    internal override Type Type => typeof(TValue);

    internal override Func<T, int, Parameter> Single<T>()
    {
        if (typeof(T) == typeof(TValue))
            return (Func<T, int, Parameter>)(object)_single;
        Func<TValue?, int, Parameter> nullable = (value, position) =>
            value is { } some ? _single(some, position) : Parameter.Null<TValue>();
        return (Func<T, int, Parameter>)(object)nullable;
    }

    internal override Func<T, int, Parameter> ListOf<T>(Type element) => element == typeof(TValue)
        ? (value, position) =>
            value is IReadOnlyList<TValue> list and not ImmutableArray<TValue> { IsDefault: true }
                ? new Parameter<TValue[]>(Copy(list, position))
                : Parameter.Null<TValue[]>()
        : (value, position) =>
            value is IReadOnlyList<TValue?> list and not ImmutableArray<TValue?> { IsDefault: true }
                ? new Parameter<TValue?[]>(CopyNullables(list, position))
                : Parameter.Null<TValue?[]>();

    private TValue[] Copy(IReadOnlyList<TValue> list, int position)
    {
        TValue[] copy = prove is null ? [.. list] : [.. list.Select(value => prove(value, position))];
        proveAll?.Invoke(copy, position);
        return copy;
    }

    private TValue?[] CopyNullables(IReadOnlyList<TValue?> list, int position)
    {
        TValue?[] copy = prove is null ? [.. list] : [.. list.Select(value => value is { } some ? prove(some, position) : value)];
        proveAll?.Invoke(copy.OfType<TValue>(), position);
        return copy;
    }
}

/// <summary>A reference type that is copied or proven first; null is NULL, also inside a list.</summary>
internal sealed class ReferenceRule<TValue>(Func<TValue, int, TValue> prove) : ParameterRule where TValue : class
{
    internal override Type Type => typeof(TValue);

    internal override Func<T, int, Parameter> Single<T>()
    {
        Func<TValue?, int, Parameter> single = (value, position) =>
            value is null ? Parameter.Null<TValue>() : new Parameter<TValue>(prove(value, position));
        return (Func<T, int, Parameter>)(object)single;
    }

    internal override Func<T, int, Parameter> ListOf<T>(Type element) =>
        (value, position) => value is IReadOnlyList<TValue?> list and not ImmutableArray<TValue?> { IsDefault: true }
        ? new Parameter<TValue?[]>([.. list.Select(item => item is null ? null : prove(item, position))])
        : Parameter.Null<TValue[]>();
}

/// <summary>A type that is sent as another.</summary>
internal sealed class ConvertedRule<TValue, TSent>(Func<TValue, int, TSent> convert) : ParameterRule where TValue : notnull where TSent
    : notnull
{
    internal override Type Type => typeof(TValue);

    internal override Func<T, int, Parameter> Single<T>() => (value, position) =>
        value is TValue some ? new Parameter<TSent>(convert(some, position)) : Parameter.Null<TSent>();

    internal override Func<T, int, Parameter>? ListOf<T>(Type element) => element != typeof(TValue) ? null : (value, position) =>
        value is IReadOnlyList<TValue> list and not ImmutableArray<TValue> { IsDefault: true }
            ? new Parameter<TSent[]>([.. list.Select(item => convert(item, position))])
            : Parameter.Null<TSent[]>();
}
