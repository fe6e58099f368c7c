using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Postgres;
using Broker.Tests.Hosting;
using Broker.Tests.Pools.Server;
using Npgsql;
using Xunit;

namespace Broker.Tests.Settlement;

/// <summary>Errands with an idempotency key, through the embedded broker on a real server.</summary>
public sealed class KeyedErrandTests : IAsyncLifetime
{
    private const string WithLedger = "broker.errands.ledger.table = keys_seen";

    private string _server = "";
    private Embedded _broker = null!;
    private NpgsqlConnection _sql = null!;

    public async Task InitializeAsync()
    {
        _server = await SharedPostgres.CreateDatabaseAsync();
        _sql = await Sql.OpenAsync(_server);
        await _sql.RunAsync("create table effects (id int primary key, note text)");
        _broker = Embedded.Start(_server, more: WithLedger);
    }

    public async Task DisposeAsync()
    {
        await _broker.DisposeAsync();
        await _sql.DisposeAsync();
        await SharedPostgres.ReturnDatabaseAsync(_server);
    }

    [Fact]
    public async Task A_repeat_takes_no_effect_and_is_told_what_the_first_was_rows_included()
    {
        const string Insert = "insert into effects select n, 'note ' || n from generate_series(1, 3) n returning id, note, null::numeric";

        var first = await Keyed("k").QueryAsync<(int, string, decimal?)>("orders", new Statement(Insert));
        var second = await Keyed("k").QueryAsync<(int, string, decimal?)>("orders", new Statement(Insert));

        Assert.Equal([(1, "note 1", null), (2, "note 2", null), (3, "note 3", null)], first);
        Assert.Equal(first, second);
        Assert.Equal(3L, await CountAsync());
    }

    [Fact]
    public async Task A_repeat_without_rows_is_told_the_same_count()
    {
        await _sql.RunAsync("insert into effects select n from generate_series(1, 5) n");

        Assert.Equal(5, await Keyed("k").ExecuteAsync("orders", $"update effects set note = 'x'"));
        Assert.Equal(5, await Keyed("k").ExecuteAsync("orders", $"update effects set note = 'x'"));
        Assert.Equal(("UPDATE", 5L),
            (await _sql.ScalarAsync("select verb from keys_seen"), await _sql.ScalarAsync("select affected from keys_seen")));
    }

    [Fact]
    public async Task The_same_key_with_another_text_value_or_role_is_refused_and_not_run()
    {
        await Keyed("k").ExecuteAsync("orders", $"insert into effects values ({1})");

        Assert.IsType<KeyReused>(await FailureOf(Keyed("k").ExecuteAsync("orders", $"insert into effects values ({2})")));
        Assert.IsType<KeyReused>(await FailureOf(Keyed("k").ExecuteAsync("orders", $"insert into effects  values ({1})")));
        var other = Keyed("k").With(new CallerContext(SearchPath: "public"));
        Assert.IsType<KeyReused>(await FailureOf(other.ExecuteAsync("orders", $"insert into effects values ({1})")));
        Assert.Equal(1L, await CountAsync());
    }

    [Fact]
    public async Task Without_a_ledger_a_key_is_refused_and_names_the_setting()
    {
        await using var without = Embedded.Start(_server);

        var failure = Assert.IsType<LedgerUnavailable>(await FailureOf(
            without.Client.WithIdempotencyKey("k").ExecuteAsync("orders", $"insert into effects values (1)")));

        Assert.Contains("errands.ledger.table", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0L, await CountAsync());
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("a\0b", "NUL")]
    public async Task What_cannot_be_a_key_is_refused(string key, string why) =>
        Assert.Contains(why,
            Assert.IsType<KeyRefused>(await FailureOf(Keyed(key).ExecuteAsync("orders", $"insert into effects values (1)"))).Message,
                StringComparison.Ordinal);

    [AtHomeFact("from afar the text has no form to be sent in: StatementRefused, before anybody looks at it as a key")]
    public Task A_key_of_half_a_letter_is_refused() => What_cannot_be_a_key_is_refused("\ud800", "surrogate");

    [Fact]
    public async Task A_key_may_have_200_bytes_and_not_201()
    {
        await Keyed(new string('é', 100)).ExecuteAsync("orders", $"insert into effects values (1)");

        var failure = await FailureOf(Keyed(new string('é', 100) + "x").ExecuteAsync("orders", $"insert into effects values (2)"));

        Assert.Contains("201", Assert.IsType<KeyRefused>(failure).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_at_once_with_one_key_make_one_effect_and_get_one_answer()
    {
        await _sql.RunAsync("create sequence turns");

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ =>
            Keyed("k").QuerySingleAsync<long>("orders", $"insert into effects values (nextval('turns')) returning id::bigint").AsTask()));

        Assert.Single(answers.Distinct());
        Assert.Equal(1L, await CountAsync());
    }

    [Fact]
    public async Task A_duplicate_waits_for_the_original_and_gets_its_answer()
    {
        await using var blocker = await Sql.OpenAsync(_server);
        await blocker.RunAsync("begin; insert into effects values (1)");
        const string Insert = "insert into effects values (1) on conflict do nothing returning id";

        var original = Keyed("k").QueryAsync<int>("orders", new Statement(Insert)).AsTask();
        await BlockedAsync(1);
        var duplicate = Keyed("k").QueryAsync<int>("orders", new Statement(Insert)).AsTask();
        await BlockedAsync(2);
        Assert.False(duplicate.IsCompleted);
        await blocker.RunAsync("rollback");

        Assert.Equal([1], await original);
        Assert.Equal([1], await duplicate);
        Assert.Equal(1L, await CountAsync());
    }

    [Fact]
    public async Task A_statement_that_failed_leaves_its_key_free()
    {
        await _sql.RunAsync("insert into effects values (1)");
        Assert.Equal("23505",
            Assert.IsType<StatementFailed>(await FailureOf(Keyed("k").ExecuteAsync("orders", $"insert into effects values (1)"))).SqlState);

        Assert.Equal(1, await Keyed("k").ExecuteAsync("orders", $"insert into effects values (2)"));
    }

    [Fact]
    public async Task A_constraint_that_fails_at_commit_is_told_and_leaves_the_key_free()
    {
        await _sql.RunAsync("create table once (id int unique deferrable initially deferred); insert into once values (1)");
        Assert.Equal("23505",
            Assert.IsType<StatementFailed>(await FailureOf(Keyed("k").ExecuteAsync("orders", $"insert into once values (1)"))).SqlState);

        Assert.Equal(1, await Keyed("k").ExecuteAsync("orders", $"insert into once values (2)"));
    }

    [Fact]
    public async Task A_result_above_its_limit_is_refused_without_effect()
    {
        var small = Keyed("k").With(new ErrandLimits(ResultBytes: 1000, IdempotencyKey: "k"));

        Assert.IsType<ResultTooLarge>(await FailureOf(small.QueryAsync<string>("orders",
            $"insert into effects select n, repeat('x', 100) from generate_series(1, 1000) n returning note")));

        Assert.Equal(0L, await CountAsync());
        Assert.Equal(1, await Keyed("k").ExecuteAsync("orders", $"insert into effects values (1)"));
    }

    [AtHomeFact("a type that only the driver has cannot leave the process: it is refused by name")]
    public async Task Rows_that_cannot_be_kept_are_told_once_and_a_repeat_hears_that_they_are_lost()
    {
        const string Insert = "insert into effects values (1) returning point(1, 2)";

        await Keyed("k").ExecuteAsync("orders", new Statement(Insert));

        Assert.IsType<AnswerLost>(await FailureOf(Keyed("k").ExecuteAsync("orders", new Statement(Insert))));
        Assert.Equal(1L, await CountAsync());
    }

    [Fact]
    public async Task The_ledger_is_written_as_the_pools_user_whatever_role_and_path_the_statement_has()
    {
        var role = $"poor_{Guid.NewGuid():N}";
        await _sql.RunAsync($"create schema other; create table other.things (id int); create role {role}; grant usage on schema other to {role}; grant all on other.things to {role}");
        var poor = Keyed("k").With(new CallerContext(role, "other"));

        Assert.Equal(1, await poor.ExecuteAsync("orders", $"insert into things values (1)"));
        Assert.Equal(1, await poor.ExecuteAsync("orders", $"insert into things values (1)"));

        Assert.Equal(1L, await _sql.ScalarAsync("select count(*) from other.things"));
        Assert.Equal("INSERT", await _sql.ScalarAsync("select verb from public.keys_seen"));
        Assert.Equal("none", await _broker.Client.QuerySingleAsync<string>("orders", $"select current_setting('role')"));
        await _broker.DisposeAsync();
        await _sql.RunAsync($"drop owned by {role}; drop role {role}");
    }

    [Fact]
    public async Task A_role_that_may_not_make_the_table_hears_what_is_missing_and_nothing_runs()
    {
        var role = $"app_{Guid.NewGuid():N}";
        await _sql.RunAsync($"create role {role} login password 'x'; grant all on effects to {role}");
        await using var poor = Embedded.Start(new NpgsqlConnectionStringBuilder(_server) { Username = role,
            Password = "x" }.ConnectionString, more: WithLedger);

        var failure = Assert.IsType<LedgerUnavailable>(await FailureOf(poor.Client.WithIdempotencyKey("k")
            .ExecuteAsync("orders", $"insert into effects values (1)")));
        Assert.Contains("keys_seen", failure.Message, StringComparison.Ordinal);
        Assert.Contains("permission denied", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0L, await CountAsync());

        foreach (var statement in Broker.Settlement.LedgerTable.Named("keys_seen").Ddl)
        {
            await _sql.RunAsync(statement);
        }
        Assert.Contains("permission denied", Assert.IsType<LedgerUnavailable>(await FailureOf(
            poor.Client.WithIdempotencyKey("k").ExecuteAsync("orders", $"insert into effects values (1)"))).Message,
                StringComparison.Ordinal);
        await _sql.RunAsync($"grant select, insert, update, delete on keys_seen to {role}");
        Assert.Equal(1, await poor.Client.WithIdempotencyKey("k").ExecuteAsync("orders", $"insert into effects values (1)"));
        await poor.DisposeAsync();
        await _sql.RunAsync($"drop owned by {role}; drop role {role}");
    }

    [Fact]
    public async Task Many_first_keys_at_once_make_the_table_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8)
            .Select(n => Keyed($"k{n}").ExecuteAsync("orders", $"insert into effects values ({n})").AsTask()));

        Assert.Equal(8L, await CountAsync());
        Assert.Equal(8L, await _sql.ScalarAsync("select count(*) from keys_seen"));
    }

    [Fact]
    public async Task A_broker_that_was_started_again_knows_the_outcome()
    {
        await Keyed("k").QuerySingleAsync<int>("orders", $"insert into effects values (7) returning id");
        await _broker.DisposeAsync();
        _broker = Embedded.Start(_server, more: WithLedger);

        Assert.Equal(7, await Keyed("k").QuerySingleAsync<int>("orders", $"insert into effects values (7) returning id"));
        Assert.Equal(1L, await CountAsync());
    }

    [Fact]
    public async Task Keys_older_than_they_are_kept_go_away_soon_after_a_key_is_written()
    {
        await Broker.Settlement.LedgerTable.Named("keys_seen").CreateAsync(_sql, CancellationToken.None);
        await _sql.RunAsync("insert into keys_seen (key, verdict, made) select n::text, 'done', clock_timestamp() - interval '25 hours' from generate_series(1, 1500) n");
        await _sql.RunAsync("insert into keys_seen (key, verdict, made) values ('young', 'done', clock_timestamp() - interval '23 hours')");

        await Keyed("k").ExecuteAsync("orders", $"insert into effects values (1)");

        await _sql.UntilAsync("string_agg(key, ' ' order by key) = 'k young' from keys_seen");
    }

    [Fact]
    public async Task One_that_waits_for_its_key_can_be_cancelled_and_its_connection_is_clean()
    {
        await using var one = Embedded.Start(_server, "size = 1, overflow = 0", more: WithLedger);
        await one.Client.WithIdempotencyKey("other").ExecuteAsync("orders", $"insert into effects values (1)");
        await using var holder = await Sql.OpenAsync(_server);
        await holder.RunAsync("begin; insert into keys_seen (key, verdict) values ('k', 'done')");
        using var cancel = new CancellationTokenSource();

        var waiting = one.Client.WithIdempotencyKey("k").ExecuteAsync("orders", $"insert into effects values (2)", cancel.Token).AsTask();
        await BlockedAsync(1);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(i, await one.Client.QuerySingleAsync<int>("orders", $"select {i}"));
        }
        Assert.Equal(1L, await CountAsync());
    }

    private BrokerClient Keyed(string key) => _broker.Client.WithIdempotencyKey(key);

    private async Task<long> CountAsync() => (long)(await _sql.ScalarAsync("select count(*) from effects"))!;

    private Task BlockedAsync(int count) => _sql.UntilAsync(
        $"count(*) >= {count} from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0");

    private static async Task<Failure> FailureOf<T>(ValueTask<T> call) =>
        (await Assert.ThrowsAsync<BrokerException>(async () => await call)).Failure;
}
