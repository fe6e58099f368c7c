using System.Collections.Immutable;
using System.Reflection;
using Akka.Actor;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Tests.Protocol.Serialization;

/// <summary>Draws messages of any type by looking at what they are made of, so that none is forgotten.</summary>
internal sealed class AnyMessage(Random random, AnyMessage.Mood mood)
{
    private const int Deep = 4;

    private static readonly IActorRef[] References = [ActorRefs.Nobody, new NamedReference("a"), new NamedReference("b")];

    /// <summary>What values are preferred.</summary>
    internal enum Mood
    {
        Empty,
        Full,
        Any,
    }

    /// <summary>A message of any type.</summary>
    public object Draw() => Draw(RemoteMessages.All[random.Next(RemoteMessages.All.Length)]);

    /// <summary>A value of this type.</summary>
    public object Draw(Type type) => Draw(type, 0);

    /// <summary>What may stand for a type that has no values of its own.</summary>
    public static ImmutableArray<Type> Kinds(Type type) =>
        [.. typeof(RemoteMessages).Assembly.GetTypes()
            .Where(one => type.IsAssignableFrom(one) && one is { IsAbstract: false, IsInterface: false })];

    private object Draw(Type type, int depth)
    {
        if (Plain(type) is { } plain)
            return plain;
        if (type == typeof(RowSet))
            return Rows();
        if (type == typeof(Parameter))
            return AnyValue.Parameter(random);
        if (type == typeof(ImmutableSortedDictionary<string, string>))
            return Enumerable.Range(0, Count(depth)).ToImmutableSortedDictionary(i => $"app.{i}", _ => AnyValue.Text(random));
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
            return List(type.GetGenericArguments()[0], depth);
        if (type.IsAbstract)
            return Draw(depth < Deep ? Pick(Kinds(type)) : type == typeof(Failure) ? typeof(Cancelled) : Kinds(type).First(one =>
                one.GetProperty("Instance") is not null), depth);
        return Record(type, depth);
    }

    private object Record(Type type, int depth)
    {
        if (Blank(type) is { } blank && (mood == Mood.Empty || (mood == Mood.Any && random.Next(2) == 0)))
            return blank;
        var constructor = type.GetConstructors().Where(one => one.GetParameters().All(p => p.ParameterType != type))
            .MaxBy(one => one.GetParameters().Length)!;
        var nullability = new NullabilityInfoContext();
        var arguments = constructor.GetParameters().Select(p => OrNull(p.ParameterType, nullability.Create(p).ReadState, depth + 1))
            .ToArray();
        if (type == typeof(SeveralRefused) && ((ImmutableArray<Failure>)arguments[0]!).IsEmpty)
            arguments[0] = ImmutableArray.Create<Failure>(new Cancelled("before"));
        var record = constructor.Invoke(arguments);
        foreach (var property in type.GetProperties()
            .Where(p => p.CanWrite
                && !p.IsDefined(typeof(NotSentAttribute), false)
                && constructor.GetParameters().All(one => one.Name != p.Name)))
            property.SetValue(record, OrNull(property.PropertyType, nullability.Create(property).ReadState, depth + 1));
        return record;
    }

    private object? OrNull(Type type, NullabilityState state, int depth) =>
        (state == NullabilityState.Nullable || Nullable.GetUnderlyingType(type) is not null)
        && (depth > Deep || mood == Mood.Empty || (mood == Mood.Any && random.Next(2) == 0))
            ? null : Draw(Nullable.GetUnderlyingType(type) ?? type, depth);

    private object List(Type type, int depth)
    {
        var array = Array.CreateInstance(type, Count(depth));
        for (var i = 0; i < array.Length; i++)
            array.SetValue(Draw(type, depth + 1), i);
        return typeof(AnyMessage).GetMethod(nameof(Freeze), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type)
            .Invoke(null, [array])!;
    }

    private RowSet Rows()
    {
        var rows = mood == Mood.Empty ? 0 : random.Next(4) == 0 ? random.Next(300) : random.Next(3);
        return new([.. Enumerable.Range(0, mood == Mood.Empty ? 0 : random.Next(5)).Select(_ => AnyValue.Column(random, rows))], rows);
    }

    private object? Plain(Type type)
    {
        if (type == typeof(string))
            return mood == Mood.Empty ? "" : AnyValue.Text(random);
        if (type == typeof(IActorRef))
            return References[mood == Mood.Empty ? 0 : random.Next(References.Length)];
        if (type == typeof(ReadOnlyMemory<byte>))
            return (ReadOnlyMemory<byte>)AnyValue.Bytes(random, mood == Mood.Empty ? 0 : random.Next(300));
        if (type.IsEnum)
            return Enum.GetValues(type).GetValue(mood == Mood.Empty ? 0 : random.Next(Enum.GetValues(type).Length));
        return type == typeof(bool) ? mood == Mood.Full || (mood == Mood.Any && random.Next(2) == 0)
            : type == typeof(int) ? Number(int.MinValue, int.MaxValue)
            : type == typeof(long) ? (long)Number(long.MinValue, long.MaxValue)
            : type == typeof(ulong) ? (ulong)Number(0ul, ulong.MaxValue)
            : type == typeof(TimeSpan) ? new TimeSpan(Number(long.MinValue, long.MaxValue))
            : type == typeof(Guid) ? mood == Mood.Empty ? Guid.Empty : new Guid(AnyValue.Bytes(random, 16))
            : null;
    }

    private T Number<T>(T least, T most) where T : System.Numerics.INumber<T> => mood switch
    {
        Mood.Empty => T.Zero,
        Mood.Full => random.Next(2) == 0 ? least : most,
        Mood.Any => T.CreateTruncating(random.NextInt64() >> random.Next(63)),
    };

    private int Count(int depth) => depth > Deep || mood == Mood.Empty ? 0 : random.Next(3);

    private Type Pick(ImmutableArray<Type> kinds) => kinds[random.Next(kinds.Length)];

    private static object? Blank(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Static)
            .FirstOrDefault(property => property.PropertyType == type)?.GetValue(null);

    private static ImmutableArray<T> Freeze<T>(T[] values) => [.. values];
}
