using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>Values of types that the client knows by their text or number arrive through the broker, and arrays may hold nulls.</summary>
public sealed class EnumAndRangeTests : IAsyncLifetime
{
    private PackingBroker _broker = null!;

    public enum Mood
    {
        Sad,
        VeryHappy,
    }

    public sealed record Row(Mood Mood, Mood? Number, ValueRange<int> Period, ValueRange<DateOnly>? Days, List<int> Numbers, Mood[] Moods,
        Dictionary<string, int> Settings);

    public async Task InitializeAsync() => _broker = await PackingBroker.StartAsync("create type mood as enum ('sad', 'very_happy')");

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task Enums_ranges_lists_and_json_classes_are_read()
    {
        var row = await _broker.Client.QuerySingleAsync<Row>(PackingBroker.Pool, $$"""
            select 'very_happy'::mood as mood, 1 as number, int4range(1, 5) as period, daterange(null, '2024-01-01') as days, array[1, 2] as numbers,
              array['sad', 'very_happy'] as moods, '{"a": 1}'::jsonb as settings
            """);
        Assert.Equal((Mood.VeryHappy, Mood.VeryHappy, new ValueRange<int>(1, 5), new ValueRange<DateOnly>(null, new(2024, 1, 1))),
            (row.Mood, row.Number, row.Period, row.Days!.Value));
        Assert.Equal([1, 2], row.Numbers);
        Assert.Equal([Mood.Sad, Mood.VeryHappy], row.Moods);
        Assert.Equal(1, row.Settings["a"]);
    }

    [Theory]
    [InlineData("int4range(1, 5)", "[1,5)")]
    [InlineData("'empty'::int8range", "empty")]
    [InlineData("numrange(1.5, null, '(]')", "(1.5,)")]
    [InlineData("tsrange('2024-01-01 10:00', '2024-01-02')", "[\"2024-01-01 10:00:00\",\"2024-01-02 00:00:00\")")]
    [InlineData("null::int4range", "null")]
    public async Task A_range_arrives_as_the_server_writes_it(string range, string text) =>
        Assert.Equal(text,
            await _broker.Client.QuerySingleAsync<string?>(PackingBroker.Pool, new Statement($"select {range} as r")) ?? "null");

    [Fact]
    public async Task What_an_enum_or_class_has_no_value_for_is_a_mismatch()
    {
        foreach (var text in (string[])["select 'glum' as m", "select 4000000000 as m"])
        {
            Assert.IsType<ResultMismatch>((await Assert.ThrowsAsync<BrokerException>(() => _broker.Client.QuerySingleAsync<Mood>(PackingBroker.Pool, new Statement(text)).AsTask())).Failure);
        }
    }

    [Fact]
    public async Task Arrays_with_nulls_are_sent()
    {
        Assert.Equal([1, null, 3],
            await _broker.Client.QuerySingleAsync<int?[]>(PackingBroker.Pool, $"select {new int?[] { 1, null, 3 }}::int[]"));
        var time = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(2,
            await _broker.Client.QuerySingleAsync<int>(PackingBroker.Pool,
                $"select cardinality({new DateTimeOffset?[] { time, null }}::timestamptz[])"));
        Assert.True(await _broker.Client.QuerySingleAsync<bool>(PackingBroker.Pool, $"select {(int?[]?)null}::int[] is null"));
        var refused = await Assert.ThrowsAsync<BrokerException>(async () => await _broker.Client.ExecuteAsync(PackingBroker.Pool,
            new Statement("select $1", [new Parameter<DateTime?[]>([null, new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Local)])])));
        Assert.IsType<ParameterRefused>(refused.Failure);
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task An_error_says_which_values_it_means()
    {
        await _broker.DirectlyAsync("create table codes (code text unique); insert into codes values ('a')");
        var failed = Assert.IsType<StatementFailed>((await _broker.RunAsync("insert into codes values ($1)", "a")).Failure);
        Assert.Contains("(code)=(a)", failed.Detail, StringComparison.Ordinal);
    }
}
