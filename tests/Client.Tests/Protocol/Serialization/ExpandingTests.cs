using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization.Elements;
using Broker.Client.Protocol.Values;
using Broker.Client.Remote.Links;

namespace Broker.Client.Tests.Protocol.Serialization;

/// <summary>What a request takes in memory is bounded by its bytes, whether it is read or refused.</summary>
public sealed class ExpandingTests
{
    private const int Times = 64;
    // What any request may take, and what the runtime makes once.
    private const int Free = (1 << 20) + 200_000;

    public static TheoryData<Type> Items => [.. ElementTable.AllItems.Select(static items => items.Type)];

    [Theory]
    [MemberData(nameof(Items))]
    public void An_array_of_nothing_takes_no_more_than_its_bytes_allow(Type type)
    {
        var array = Array.CreateInstance(type, 1_000_000);
        if (type == typeof(System.Text.Json.JsonElement))
            ((Span<System.Text.Json.JsonElement>)(System.Text.Json.JsonElement[])array).Fill(System.Text.Json.JsonDocument.Parse("1").RootElement);

        AssertBounded(Request((Parameter)Activator.CreateInstance(typeof(Parameter<>).MakeGenericType(array.GetType()), array)!));
    }

    [Fact]
    public void Values_that_are_empty_take_no_more_than_their_bytes_allow()
    {
        AssertBounded(Request(new Parameter<System.Collections.BitArray[]>([.. Enumerable.Repeat(new System.Collections.BitArray(0), 200_000)])));
        AssertBounded(Request(new Parameter<Dictionary<string, string?>[]>([.. Enumerable.Repeat(new Dictionary<string, string?>(), 200_000)])));
        AssertBounded(Request([.. Enumerable.Repeat((Parameter)new Parameter<bool>(true), 200_000)]));
    }

    [Fact]
    public void What_is_usual_is_read()
    {
        var rows = 200_000;
        Assert.IsType<RunErrand>(Read(Request(
            new Parameter<long[]>([.. Enumerable.Range(0, rows).Select(static number => (long)number)]), new Parameter<decimal?[]>(new decimal?[rows]),
            new Parameter<string[]>([.. Enumerable.Repeat("a", rows)]), new Parameter<DateTime?[]>(new DateTime?[rows]))).Message);
    }

    [Fact]
    public void Many_rows_of_which_many_columns_become_nothing_are_read()
    {
        const int Rows = 100_000;
        var columns = Enumerable.Repeat((Parameter)new Parameter<decimal?[]>(new decimal?[Rows]), 12);
        Assert.IsType<RunErrand>(Read(Request([new Parameter<int[]>([.. Enumerable.Range(0, Rows)]), .. columns])).Message);
    }

    private static ReadOnlyMemory<byte> Request(params Parameter[] parameters)
    {
        using var codec = new LinkCodec(new NumberedReferences());
        return codec.Request(1, 1, new RunErrand(
            new(1, 1), new Statement("select 1") { Parameters = [.. parameters] }, CallerContext.None, ErrandLimits.Default));
    }

    private static void AssertBounded(ReadOnlyMemory<byte> bytes)
    {
        // What the runtime makes at the first use of a type is no cost of these bytes.
        Read(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Read(bytes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Free + ((long)Times * bytes.Length));
    }

    private static LinkCodec.Item Read(ReadOnlyMemory<byte> bytes)
    {
        using var codec = new LinkCodec(new NumberedReferences());
        return codec.Read(bytes);
    }
}
