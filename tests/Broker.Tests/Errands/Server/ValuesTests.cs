using System.Net;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Leases;
using Broker.Tests.Hosting;
using NpgsqlTypes;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>Values of every kind come back, and one that .NET cannot hold is told to its caller alone.</summary>
public sealed class ValuesTests : IAsyncLifetime
{
    private const string Schema =
        "create table amounts (id int primary key, amount numeric); insert into amounts select i, i from generate_series(1, 8) i; insert into amounts values (9, 'NaN'); analyze amounts";

    private const string Moods =
        "create type mood as enum ('sad', 'ok'); create table people (id int primary key, mood mood); insert into people select i, 'ok' from generate_series(1, 8) i; analyze people";

    private PackingBroker _broker = null!;

    public async Task InitializeAsync() =>
        _broker = await PackingBroker.StartAsync(Schema, "broker.pool.size = 1\nbroker.errands.ledger.table = \"public.broker_ledger\"");

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    public static TheoryData<string, string> Unreadable { get; } = new()
    {
        { "select 1 as one, 'NaN'::numeric as amount", "\"amount\" (numeric)" },
        { "select 1e100::numeric as amount, 1", "\"amount\" (numeric)" },
        { "select interval '1 month' as term", "\"term\" (interval)" },
        { "select '10000-01-01'::date as day", "\"day\" (date)" },
        { "select '4000-01-01 BC'::date as day", "\"day\" (date)" },
        { "select '24:00:00'::time as hour", "\"hour\" (time without time zone)" },
        { "select 'pg_class'::regclass as relation", "\"relation\" (regclass)" },
        { "select array['pg_class'::regclass] as relations", "\"relations\" (regclass[])" },
        { "select x as amount from (values (1::numeric), ('NaN'), (3)) v(x)", "row 2" },
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task A_value_that_cannot_be_read_is_named_and_its_connection_stays(string text, string names)
    {
        var process = await _broker.RunAsync("select pg_backend_pid()");
        var mismatch = Assert.IsType<ResultMismatch>((await _broker.RunAsync(text)).Failure);
        Assert.Contains(names, mismatch.Message, StringComparison.Ordinal);
        Assert.Equal(process, await _broker.RunAsync("select pg_backend_pid()"));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task Who_shares_a_trip_with_it_is_answered()
    {
        var process = await _broker.RunAsync("select pg_backend_pid()");
        await _broker.WarmAsync(i => Statement.Of("select amount from amounts where id = $1", (i % 8) + 1));
        for (var round = 0; round < 3; round++)
        {
            var answers = await _broker.TogetherAsync([.. Enumerable.Range(1, 9)
                .Select(i => Statement.Of("select amount from amounts where id = $1", i))]);
            Assert.Equal(Enumerable.Range(1, 8).Select(i => $"[{i}]"), answers.Take(8).Select(answer => answer.Rows));
            Assert.IsType<ResultMismatch>(answers[8].Failure);
        }
        Assert.Equal(process, await _broker.RunAsync("select pg_backend_pid()"));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_write_that_returns_it_took_effect_and_so_did_those_beside_it()
    {
        const string Text = "insert into amounts values ($1, $2) returning amount * (case when id = 104 then 'NaN'::numeric else 1 end)";
        await _broker.WarmAsync(i => Statement.Of(Text, 1000 + i, 1m));
        var answers = await _broker.TogetherAsync([.. Enumerable.Range(100, 8).Select(i => Statement.Of(Text, i, (decimal)i))]);
        Assert.Equal(["[100]", "[101]", "[102]", "[103]", "", "[105]", "[106]", "[107]"], answers.Select(answer => answer.Rows));
        Assert.IsType<ResultMismatch>(answers[4].Failure);
        Assert.Equal(8L, await _broker.AskDirectlyAsync<long>("select count(*) from amounts where id between 100 and 107"));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task With_a_key_it_takes_no_effect_since_its_answer_could_not_be_kept()
    {
        var keyed = _broker.Client.WithIdempotencyKey("one");
        var refused = await PackingBroker.RunAsync(keyed, Statement.Of("insert into amounts values (200, 'NaN') returning amount"));
        Assert.Contains("took effect", Assert.IsType<ResultMismatch>(refused.Failure).Message, StringComparison.Ordinal);
        Assert.Equal(0L, await _broker.AskDirectlyAsync<long>("select count(*) from amounts where id = 200"));
        Assert.Equal("[200]", (await PackingBroker.RunAsync(keyed, Statement.Of("insert into amounts values (200, 1) returning id"))).Rows);
    }

    [Fact]
    public async Task A_stream_ends_with_it()
    {
        var failure = await Assert.ThrowsAsync<BrokerException>(async () =>
        {
            await foreach (var _ in _broker.Client.StreamAsync<decimal>(PackingBroker.Pool, $"select amount from amounts order by id"))
            {
            }
        });
        Assert.IsType<ResultMismatch>(failure.Failure);
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_type_that_was_made_after_the_connection_is_known_from_its_first_use_on()
    {
        await _broker.RunAsync("select 1");
        await _broker.DirectlyAsync(Moods);
        // Nothing is known of the text yet, so it may have changed something and does not run twice.
        var refused = await _broker.RunAsync("select mood from people where id = 2");
        Assert.Contains("from now on", Assert.IsType<ResultMismatch>(refused.Failure).Message, StringComparison.Ordinal);
        Assert.Equal("[ok]", (await _broker.RunAsync("select mood from people where id = 2")).Rows);
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_type_that_no_connection_knows_is_asked_for_once()
    {
        const string Text = "select a from amounts a where id = 1";
        for (var round = 0; round < 3; round++)
        {
            Assert.IsType<ResultMismatch>((await _broker.RunAsync(Text)).Failure);
        }
        await _broker.UntilIdleAsync();
        // What its connection did last is the caller's statement, not a look at the server's types.
        Assert.Equal(1L,
            await _broker.AskDirectlyAsync<long>(
                $"select count(*) from pg_stat_activity where datname = current_database() and query = '{Text}'"));
    }

    [Fact]
    public async Task A_plain_read_that_meets_such_a_type_runs_again_and_its_caller_sees_nothing_of_it()
    {
        const string Text = "select mood from people where id = $1";
        await using var broker = PackingBroker.StartOn(_broker.ConnectionString, "broker.pool.size = 2");
        // One connection is away while the type is made and the other learns the text.
        await using (await broker.Home.LeaseAsync(PackingBroker.Pool))
        {
            await broker.DirectlyAsync(Moods);
            await broker.WarmAsync(i => Statement.Of(Text, (i % 8) + 1));
        }
        for (var i = 1; i <= 4; i++)
        {
            Assert.Equal("[ok]", (await broker.RunAsync(Text, i)).Rows);
        }
        Assert.Equal(2L, await broker.AskDirectlyAsync<long>(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query ~ '^(select mood|select.*pg_type)'"));
        await broker.AssertWholeAsync();
    }

    [Fact]
    public async Task Arrays_are_read_with_and_without_nulls_among_their_elements()
    {
        async Task<T> AskAsync<T>(string text) => await _broker.Client.QuerySingleAsync<T>(PackingBroker.Pool, new Statement(text));
        Assert.Equal("1,2", string.Join(',', await AskAsync<int[]>("select array[1, 2]")));
        Assert.Equal("1,", string.Join(',', await AskAsync<int?[]>("select array[1, null]")));
        Assert.Equal("1,2", string.Join(',', await AskAsync<int?[]>("select array[1, 2]")));
        Assert.Equal("a,", string.Join(',', await AskAsync<string?[]>("select array['a', null]")));
        Assert.Empty(await AskAsync<int[]>("select '{}'::int[]"));
        Assert.Equal(new[,] { { 1, 2 }, { 3, 4 } }, await AskAsync<int[,]>("select array[[1, 2], [3, 4]]"));
        Assert.Null(await AskAsync<int[]?>("select null::int[]"));
        var (number, words) = await AskAsync<(int, string[])>("select 7, array['x']");
        Assert.Equal("7 x", $"{number} {words.Single()}");
        var refused = await Assert.ThrowsAsync<BrokerException>(() => AskAsync<int[]>("select array[1, null] as list"));
        Assert.Contains("\"list\" (integer[]) has a NULL", Assert.IsType<ResultMismatch>(refused.Failure).Message,
            StringComparison.Ordinal);
    }

    [AtHomeFact("a type that only the driver has cannot leave the process: it is refused by name")]
    public async Task Types_that_only_the_driver_knows_are_read_as_it_gives_them()
    {
        async Task<T> AskAsync<T>(string text) => await _broker.Client.QuerySingleAsync<T>(PackingBroker.Pool, new Statement(text));
        Assert.Equal(IPAddress.Parse("192.168.0.1"), await AskAsync<IPAddress>("select '192.168.0.1'::inet"));
        Assert.Equal(new ValueRange<int>(1, 5), await AskAsync<ValueRange<int>>("select int4range(1, 5)"));
        Assert.Equal(new NpgsqlPoint(1, 2), await AskAsync<NpgsqlPoint>("select '(1,2)'::point"));
        Assert.Equal(7u, await AskAsync<uint>("select 7::oid"));
    }
}
