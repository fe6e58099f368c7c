using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Parameters;

/// <summary>
/// The types that parameters may have, and how a value of each is captured. What arrives in a <see cref="Parameter{T}"/> is one of: bool,
/// short, int, long, float, double, decimal, string, Guid, DateTime (Utc: timestamptz, Unspecified: timestamp), DateTimeOffset (of
/// offset zero), DateOnly, TimeOnly, TimeSpan, byte[], JsonElement; or an array of these; or an array of nullables of the value types.
/// </summary>
internal static class ParameterTypes
{
    private static readonly FrozenDictionary<Type, ParameterRule> Rules = new ParameterRule[]
    {
        new ValueRule<bool>(), new ValueRule<short>(), new ValueRule<int>(), new ValueRule<long>(), new ValueRule<float>(),
        new ValueRule<double>(),
        new ValueRule<decimal>(), new ValueRule<Guid>(), new ValueRule<DateOnly>(), new ValueRule<TimeOnly>(), new ValueRule<TimeSpan>(),
        new ValueRule<DateTime>(Proofs.Kind, Proofs.OneKind), new ValueRule<DateTimeOffset>(static (value, _) => value.ToUniversalTime()),
        new ValueRule<JsonElement>(Proofs.Json),
        new ReferenceRule<string>(Proofs.Writable), new ReferenceRule<byte[]>(static (value, _) => [.. value]),
        new ConvertedRule<char, string>(static (value, position) => Proofs.Writable(value.ToString(), position)),
        new ConvertedRule<ReadOnlyMemory<byte>, byte[]>(static (value, _) => value.ToArray()),
        new ConvertedRule<JsonDocument, JsonElement>(static (value, position) => Proofs.Json(value.RootElement, position)),
    }.ToFrozenDictionary(rule => rule.Type);

    private static readonly ConcurrentDictionary<Type, Func<object, int, Parameter>> Boxed = new();

    /// <summary>How values declared as <typeparamref name="T"/> are captured.</summary>
    internal static Func<T, int, Parameter> CaptureOf<T>()
    {
        Type type = typeof(T);
        if (typeof(Parameter).IsAssignableFrom(type))
            return static (value, position) =>
                value as Parameter ?? throw ParameterCapture.Refuse(position, typeof(Parameter), "it is null; say Parameter.Null<T>()");
        if (Rules.TryGetValue(type, out var rule))
            return rule.Single<T>();
        if (Nullable.GetUnderlyingType(type) is { } underlying && Rules.TryGetValue(underlying, out var ofValue))
            return ofValue.Single<T>();
        if (ElementOf(type) is { } element && Rules.TryGetValue(Nullable.GetUnderlyingType(element) ?? element, out var ofElement)
            && ofElement.ListOf<T>(element) is { } list)
            return list;
        return type == typeof(object) || type.IsInterface || type.IsAbstract
            ? static (value, position) => ParameterCapture.Capture((object?)value, position)
            : static (_, position) => throw ParameterCapture.Refuse(position, typeof(T), WhyNot(typeof(T)));
    }

    /// <summary>How boxed values of a type are captured.</summary>
    internal static Func<object, int, Parameter> OfBoxed(Type type) => Boxed.GetOrAdd(type, static type =>
        typeof(ParameterTypes).GetMethod(nameof(Unbox), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(type).CreateDelegate<Func<object, int, Parameter>>());

    /// <summary>A type's name as a programmer writes it, near enough.</summary>
    internal static string NameOf(Type type) =>
        Nullable.GetUnderlyingType(type) is { } underlying ? NameOf(underlying) + "?"
        : type.IsArray ? NameOf(type.GetElementType()!) + "[]"
        : type.IsGenericType
            ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<"
                + $"{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : type.Name;

    /// <summary>A bare object is nothing to send, and captured by its declared type it would come back here for ever.</summary>
    private static Parameter Unbox<T>(object value, int position) => typeof(T) == typeof(object)
        ? throw ParameterCapture.Refuse(position, typeof(T), WhyNot(typeof(T)))
        : ParameterCapture<T>.Capture((T)value, position);

    private static Type? ElementOf(Type type) =>
        type.IsArray ? (type.IsSZArray ? type.GetElementType() : null)
        : type.GetInterfaces().Append(type)
            .FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))?.GetGenericArguments()[0];

    private static string WhyNot(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type).IsEnum ? "an enum is sent as its number or its name: cast it, or call ToString"
        : type == typeof(CancellationToken) ? "it is no value; the token stands before the parameters"
        : type.IsArray && !type.IsSZArray ? "arrays of several dimensions are not supported"
        : "the type is not supported; send one of bool, short, int, long, float, double, decimal, string, char, Guid, "
            + "DateTime, DateTimeOffset, "
            + "DateOnly, TimeOnly, TimeSpan, byte[], JsonDocument, JsonElement, a nullable, an array or a list of them";
}
