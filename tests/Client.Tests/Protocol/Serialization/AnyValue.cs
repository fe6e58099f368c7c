using System.Collections;
using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Tests.Protocol.Serialization;

/// <summary>Values of every type that columns and parameters may have, extremes among them.</summary>
internal static class AnyValue
{
    private static readonly string[] Texts = ["", "a", "Zürich ☃ 🦊 日本", new('x', 127), new('ß', 64), new('y', 300), "\0\u0001\uFFFD"];

    /// <summary>A way to draw values for each scalar type.</summary>
    public static IReadOnlyList<IDrawn> Types { get; } =
    [
        new Values<bool>(r => r.Next(2) == 0), new Values<short>(r => One(r, short.MinValue, (short)0, short.MaxValue)),
        new Values<int>(r => One(r, int.MinValue, -1, 0, 1, 127, 128, int.MaxValue, r.Next())),
        new Values<long>(r => One(r, long.MinValue, -1, 0, 1, long.MaxValue, r.NextInt64())),
        new Values<float>(r => One(r, float.NaN, float.NegativeInfinity, -0f, float.Epsilon, 1.5f)),
        new Values<double>(r => One(r, double.NaN, double.PositiveInfinity, -0d, double.MaxValue, r.NextDouble())),
        new Values<decimal>(r =>
            One(r, decimal.MinValue, decimal.MaxValue, 0m, -0.0m, 1.10m, 79228162514264337593543950335m, 0.0000000000000000000000000001m,
                (decimal)r.NextInt64() / 100)),
        new References<string>(Text), new Values<char>(r => (char)r.Next(1, 0xD800)),
        new Values<Guid>(r => r.Next(3) == 0 ? Guid.Empty : new Guid(Bytes(r, 16))),
        new Values<DateTime>(r => new(One(r, 0L, DateTime.MaxValue.Ticks, r.NextInt64(DateTime.MaxValue.Ticks)), (DateTimeKind)r.Next(3))),
        new Values<DateOnly>(r => One(r, DateOnly.MinValue, DateOnly.MaxValue, DateOnly.FromDayNumber(r.Next(700_000)))),
        new Values<TimeOnly>(r => One(r, TimeOnly.MinValue, TimeOnly.MaxValue, new TimeOnly(r.Next(24), r.Next(60)))),
        new Values<TimeSpan>(r => One(r, TimeSpan.MinValue, TimeSpan.Zero, TimeSpan.MaxValue, new TimeSpan(r.NextInt64()))),
        new Values<DateTimeOffset>(r =>
            One(r, DateTimeOffset.MinValue, DateTimeOffset.MaxValue,
                new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.FromMinutes(r.Next(-840, 841))))),
        new Values<uint>(r => One(r, 0u, uint.MaxValue, (uint)r.Next())),
        new Values<ulong>(r => One(r, 0ul, ulong.MaxValue, (ulong)r.NextInt64())),
        new References<byte[]>(r => Bytes(r, One(r, 0, 1, 127, 128, 400))),
        new References<BitArray>(r => new(Enumerable.Range(0, r.Next(20)).Select(_ => r.Next(2) == 0).ToArray())),
        new References<IPAddress>(r =>
            One(r, IPAddress.Any, IPAddress.IPv6Loopback, IPAddress.Parse("fe80::1%7"), new IPAddress(Bytes(r, 4)))),
        new Values<IPNetwork>(r => One(r, IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("::/0"), IPNetwork.Parse("192.168.1.7/32"))),
        new References<PhysicalAddress>(r => new(Bytes(r, One(r, 6, 8)))),
        new Values<JsonElement>(r =>
            JsonDocument.Parse(One(r, "null", "\"ä\\u0001\"", "[1,2.50,{\"a\":[]}]", "{\"k\":{\"k\":true}}", "1e400")).RootElement.Clone()),
        new References<Dictionary<string, string?>>(r => Enumerable.Range(0, r.Next(4))
            .ToDictionary(i => Text(r) + i, i => r.Next(2) == 0 ? null : Text(r))),
        Range(r => r.Next()), Range(r => r.NextInt64()), Range(r => (decimal)r.Next()),
        Range(r => new DateTime(r.NextInt64(DateTime.MaxValue.Ticks), DateTimeKind.Utc)),
        Range(r => new DateTimeOffset(2020, 1, 1 + r.Next(28), 0, 0, 0, TimeSpan.Zero)),
        Range(r => DateOnly.FromDayNumber(r.Next(700_000))),
    ];

    public static string Text(Random random) => Texts[random.Next(Texts.Length)];

    public static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    public static Column Column(Random random, int rows)
    {
        var description = new ColumnDescription(Text(random), random.Next(2) == 0 ? "timestamp with time zone" : Text(random),
            random.Next(2) == 0 ? 1184u : (uint)random.Next());
        return random.Next(12) switch
        {
            0 => new Column<object>(description, new object[rows], [.. Enumerable.Repeat(true, rows)], rows),
            1 => Fill(description, random, rows, ArrayOfAny),
            _ => Types[random.Next(Types.Count)].Column(description, random, rows),
        };
    }

    public static Parameter Parameter(Random random) => Types[random.Next(Types.Count)].Parameter(random);

    private static Column Fill<TValue>(ColumnDescription description, Random random, int rows, Func<Random, TValue> value)
        where TValue : notnull
    {
        var builder = new ColumnBuilder<TValue>(description);
        var nulls = random.Next(3);
        for (var i = 0; i < rows; i++)
        {
            if (nulls == 2 || (nulls == 1 && random.Next(2) == 0))
                builder.AppendNull();
            else
                builder.Append(value(random));
        }

        return builder.Build();
    }

    private static Array ArrayOfAny(Random random) => Types[random.Next(Types.Count)].Array(random);

    private static T One<T>(Random random, params T[] values) => values[random.Next(values.Length)];

    private static Values<ValueRange<T>> Range<T>(Func<Random, T> draw) where T : struct => new(r => r.Next(5) == 0 ? default
        : new(r.Next(4) == 0 ? null : draw(r), r.Next(4) == 0 ? null : draw(r), r.Next(2) == 0, r.Next(2) == 0));

    /// <summary>How columns, parameters and arrays of one type are drawn.</summary>
    internal interface IDrawn
    {
        Type Type { get; }

        Column Column(ColumnDescription description, Random random, int rows);

        Parameter Parameter(Random random);

        Array Array(Random random);
    }

    private abstract class Drawn<T>(Func<Random, T> draw) : IDrawn where T : notnull
    {
        public Type Type => typeof(T);

        public Column Column(ColumnDescription description, Random random, int rows) => Fill(description, random, rows, draw);

        public Parameter Parameter(Random random) => random.Next(5) switch
        {
            0 => AnyValue.Null<T>(),
            1 => List(random),
            2 => NullList(random),
            _ => new Parameter<T>(draw(random)),
        };

        public Array Array(Random random)
        {
            int[] lengths = random.Next(3) == 0 ? [random.Next(3), random.Next(4)] : random.Next(4) == 0 ? [2, 1, 3] : [random.Next(10)];
            var array = System.Array.CreateInstance(random.Next(2) == 0 ? typeof(T) : OrNull, lengths);
            foreach (var at in Indexes(lengths))
                array.SetValue(
                    array.GetType().GetElementType() == typeof(T) && typeof(T).IsValueType || random.Next(2) == 0 ? draw(random) : null,
                        at);
            return array;
        }

        protected T Draw(Random random) => draw(random);

        protected abstract Type OrNull { get; }

        protected abstract Parameter List(Random random);

        protected abstract Parameter NullList(Random random);

        private static IEnumerable<int[]> Indexes(int[] lengths) =>
            lengths.Aggregate<int, IEnumerable<int[]>>([[]],
                (before, length) => before.SelectMany(at => Enumerable.Range(0, length).Select(i => (int[])[.. at, i])));
    }

    private sealed class Values<T>(Func<Random, T> draw) : Drawn<T>(draw) where T : struct
    {
        protected override Type OrNull => typeof(T?);

        protected override Parameter List(Random random) => random.Next(2) == 0
            ? new Parameter<T[]>([.. Enumerable.Range(0, random.Next(20)).Select(_ => Draw(random))])
            : new Parameter<T?[]>([.. Enumerable.Range(0, random.Next(20)).Select(i => i % 3 == 0 ? (T?)null : Draw(random))]);

        protected override Parameter NullList(Random random) =>
            random.Next(2) == 0 ? AnyValue.Null<T[]>() : AnyValue.Null<T?[]>();
    }

    private sealed class References<T>(Func<Random, T> draw) : Drawn<T>(draw) where T : class
    {
        protected override Type OrNull => typeof(T);

        protected override Parameter List(Random random) =>
            new Parameter<T?[]>([.. Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(3) == 0 ? null : Draw(random))]);

        protected override Parameter NullList(Random random) => AnyValue.Null<T[]>();
    }

    private static Parameter Null<T>() where T : notnull => Client.Protocol.Values.Parameter.Null<T>();
}
