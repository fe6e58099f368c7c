using System.Runtime.CompilerServices;
using System.Text.Json;
using Broker.Client.Protocol.Values;
using Broker.Postgres;
using Broker.Settlement;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Broker.Tests.Settlement;

/// <summary>The ledger on a real server.</summary>
public sealed class LedgerTests : IAsyncLifetime
{
    private static readonly LedgerTable Table = LedgerTable.Named("broker_ledger");
    private static readonly LedgerStatements Ledger = new(Table);
    private static readonly SettlementRunner Runner = new(Table, TimeProvider.System);
    private static readonly SettleLimits Limits = SettleLimits.For(TimeSpan.FromSeconds(20));
    private static readonly RecordedResult Result = new("INSERT", 1, [1, 2, 3]);
    private string _server = "";

    public async Task InitializeAsync()
    {
        _server = await SharedPostgres.CreateDatabaseAsync();
        await using var connection = await Sql.OpenAsync(_server);
        await Table.CreateAsync(connection, CancellationToken.None);
        await connection.RunAsync("create table effects (id int primary key)");
    }

    public Task DisposeAsync() => SharedPostgres.ReturnDatabaseAsync(_server);

    [Fact]
    public async Task A_write_sent_twice_takes_effect_once_and_the_second_is_told_what_the_first_was()
    {
        await using var connection = await Sql.OpenAsync(_server);

        var first = await WriteOnceAsync(connection, "k", 1);
        var second = await WriteOnceAsync(connection, "k", 2);

        Assert.Null(first);
        var repeated = Assert.IsType<LedgerAnswer.Repeated>(LedgerAnswer.For(second!, fingerprint: 9));
        Assert.Equal(("INSERT", 1L, "1 2 3"),
            (repeated.Result!.Verb, repeated.Result.Affected, string.Join(' ', repeated.Result.Rows!.Value)));
        Assert.Equal(1L, await connection.ScalarAsync("select count(*) from effects"));
    }

    [Fact]
    public async Task Sixteen_at_once_with_one_key_make_one_effect()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(async number =>
        {
            await using var connection = await Sql.OpenAsync(_server);
            return await WriteOnceAsync(connection, "k", number);
        }));

        Assert.Single(answers, answer => answer is null);
        Assert.All(answers, answer => Assert.True(answer is null or { Verdict: LedgerVerdict.Done, Result.Verb: "INSERT" }));
        await using var connection = await Sql.OpenAsync(_server);
        Assert.Equal(1L, await connection.ScalarAsync("select count(*) from effects"));
    }

    [Fact]
    public async Task A_duplicate_waits_for_the_original_and_runs_when_that_aborts()
    {
        await using var original = await Sql.OpenAsync(_server);
        await using var duplicate = await Sql.OpenAsync(_server);
        await original.RunAsync("begin");
        await original.RunAsync(Ledger.Claim("k", 9));

        var waiting = WriteOnceAsync(duplicate, "k", 2);
        await original.UntilAsync($"cardinality(pg_blocking_pids({duplicate.ProcessID})) = 1");
        await original.RunAsync("rollback");

        Assert.Null(await waiting);
        Assert.Equal(2, await original.ScalarAsync("select id from effects"));
    }

    [Fact]
    public async Task A_unique_violation_of_the_write_itself_is_not_taken_for_a_taken_key()
    {
        await using var connection = await Sql.OpenAsync(_server);
        await connection.RunAsync("insert into effects values (1)");

        var error = await Assert.ThrowsAsync<PostgresException>(() => connection.RunAsync("insert into effects values (1)"));

        Assert.False(Table.IsKeyTaken(error));
    }

    [Fact]
    public async Task A_settlement_of_a_key_nobody_committed_refuses_it_for_ever()
    {
        await using var settling = await Sql.OpenAsync(_server);
        await using var original = await Original.OpenAsync(_server);

        Assert.IsType<SettledOutcome.Aborted>(await SettleAsync(settling, original.InDoubt(null, "k")));

        await using var late = await Sql.OpenAsync(_server);
        var entry = await WriteOnceAsync(late, "k", 1);
        Assert.IsType<LedgerAnswer.WasRefused>(LedgerAnswer.For(entry!, 9));
        Assert.Equal(0L, await late.ScalarAsync("select count(*) from effects"));
        Assert.IsType<SettledOutcome.Aborted>(await SettleAsync(settling, original.InDoubt(null, "k")));
    }

    [Fact]
    public async Task A_settlement_waits_for_an_original_in_progress_and_tells_its_commit()
    {
        await using var settling = await Sql.OpenAsync(_server);
        await using var original = await Original.OpenAsync(_server);
        await original.Connection.RunAsync("begin");
        await original.Connection.RunAsync(Ledger.Claim("k", 9));
        await original.Connection.RunAsync(Ledger.Record("k", Result));
        // another pid, so that the original is not ended
        var doubt = new CommitInDoubt(original.Backend with { Pid = 1 }, null, true, "k");

        var settled = SettleAsync(settling, doubt);
        await original.Connection.UntilAsync($"cardinality(pg_blocking_pids({settling.ProcessID})) = 1");
        await original.Connection.RunAsync("commit");

        Assert.Equal("INSERT", Assert.IsType<SettledOutcome.Committed>(await settled).Entry?.Result?.Verb);
    }

    [Fact]
    public async Task A_settlement_waits_for_an_original_in_progress_and_refuses_it_when_it_aborts()
    {
        await using var settling = await Sql.OpenAsync(_server);
        await using var original = await Original.OpenAsync(_server);
        await original.Connection.RunAsync("begin");
        await original.Connection.RunAsync(Ledger.Claim("k", 9));

        var settled = SettleAsync(settling, new CommitInDoubt(original.Backend with { Pid = 1 }, null, true, "k"));
        await original.Connection.UntilAsync($"cardinality(pg_blocking_pids({settling.ProcessID})) = 1");
        await original.Connection.RunAsync("rollback");

        Assert.IsType<SettledOutcome.Aborted>(await settled);
    }

    [Fact]
    public async Task An_original_that_sits_on_its_key_is_ended_and_refused()
    {
        await using var settling = await Sql.OpenAsync(_server);
        await using var original = await Original.OpenAsync(_server);
        await original.Connection.RunAsync("begin");
        await original.Connection.RunAsync(Ledger.Claim("k", 9));

        Assert.IsType<SettledOutcome.Aborted>(await SettleAsync(settling, original.InDoubt(null, "k")));

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => original.Connection.RunAsync("commit"));
    }

    [Fact]
    public async Task A_key_still_held_at_the_limit_is_unknown_and_the_settling_connection_is_clean()
    {
        await using var settling = await Sql.OpenAsync(_server);
        await using var original = await Original.OpenAsync(_server);
        await original.Connection.RunAsync("begin");
        await original.Connection.RunAsync(Ledger.Claim("k", 9));
        var doubt = new CommitInDoubt(original.Backend with { Pid = 1 }, null, true, "k");
        var time = new FakeTimeProvider();
        var runner = new SettlementRunner(Table, time);

        var settled = runner.RunAsync(runner.Begin(doubt, SettleLimits.For(TimeSpan.FromMilliseconds(300))), settling,
            CancellationToken.None);
        // The clock stands until one try has waited for the key in vain.
        await using var watching = await Sql.OpenAsync(_server);
        await watching.UntilAsync($"state = 'idle' and query ilike 'rollback' from pg_stat_activity where pid = {settling.ProcessID}");
        time.Advance(TimeSpan.FromMilliseconds(300));

        var unknown = Assert.IsType<SettledOutcome.Unknown>((await settled).Outcome);
        Assert.Contains("key", unknown.Cause, StringComparison.Ordinal);
        Assert.Equal(0L, await settling.ScalarAsync("select count(*) from effects"));
        await original.Connection.RunAsync("commit");
    }

    [Fact]
    public async Task A_limit_that_passes_while_the_key_is_waited_for_leaves_the_settling_connection_clean()
    {
        await using var settling = await Sql.OpenAsync(_server);
        await using var original = await Original.OpenAsync(_server);
        await original.Connection.RunAsync("begin");
        await original.Connection.RunAsync(Ledger.Claim("k", 9));
        var time = new FakeTimeProvider();
        var runner = new SettlementRunner(Table, time);
        var limits = new SettleLimits(TimeSpan.FromSeconds(1), LockTimeout: TimeSpan.FromMinutes(1));

        var settled = runner.RunAsync(runner.Begin(new CommitInDoubt(original.Backend with { Pid = 1 }, null, true, "k"), limits), settling,
            CancellationToken.None);
        await original.Connection.UntilAsync($"cardinality(pg_blocking_pids({settling.ProcessID})) = 1");
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.IsType<SettledOutcome.Unknown>((await settled).Outcome);
        Assert.Equal(0L, await settling.ScalarAsync("select count(*) from effects"));
    }

    [Fact]
    public async Task A_settlement_sees_what_it_waited_for_though_the_default_isolation_is_serializable()
    {
        await using var settling = await Sql.OpenAsync(_server);
        await settling.RunAsync(
            "set default_transaction_isolation = serializable; set default_transaction_read_only = on; set synchronous_commit = off");
        await using var original = await Original.OpenAsync(_server);
        await original.Connection.RunAsync("begin");
        await original.Connection.RunAsync(Ledger.Claim("k", 9));

        var settled = SettleAsync(settling, new CommitInDoubt(original.Backend with { Pid = 1 }, null, true, "k"));
        await original.Connection.UntilAsync($"cardinality(pg_blocking_pids({settling.ProcessID})) = 1");
        await original.Connection.RunAsync("commit");

        Assert.IsType<SettledOutcome.Committed>(await settled);
    }

    [Fact]
    public async Task Without_the_table_the_outcome_is_unknown_and_says_so()
    {
        await using var settling = await Sql.OpenAsync(_server);
        await settling.RunAsync("drop table broker_ledger");
        await using var original = await Original.OpenAsync(_server);

        var unknown = Assert.IsType<SettledOutcome.Unknown>(await SettleAsync(settling, original.InDoubt(null, "k")));

        Assert.Contains("broker_ledger", unknown.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_rows_older_than_the_retention_are_pruned_oldest_first_and_in_bounds()
    {
        await using var connection = await Sql.OpenAsync(_server);
        await connection.RunAsync("""
            insert into broker_ledger (key, verdict, made)
            select n::text, 'done', clock_timestamp() - make_interval(hours => n) from generate_series(0, 9) n
            """);

        Assert.Equal(2, await connection.RunAsync(Ledger.Prune(TimeSpan.FromHours(4.5), 2)));
        Assert.Equal("0 1 2 3 4 5 6 7", await connection.ScalarAsync("select string_agg(key, ' ' order by key) from broker_ledger"));
        Assert.Equal(3, await connection.RunAsync(Ledger.Prune(TimeSpan.FromHours(4.5), 100)));

        Assert.Equal("0 1 2 3 4", await connection.ScalarAsync("select string_agg(key, ' ' order by key) from broker_ledger"));
    }

    [Fact]
    public async Task Many_brokers_may_make_the_table_at_once()
    {
        var table = LedgerTable.Named("public.Other_Ledger");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await using var connection = await Sql.OpenAsync(_server);
            await table.CreateAsync(connection, CancellationToken.None);
        }));

        await using var connection = await Sql.OpenAsync(_server);
        Assert.Equal(0L, await connection.ScalarAsync("select count(*) from other_ledger"));
    }

    [Fact]
    public void The_page_shows_the_statements_that_make_the_table()
    {
        var page = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/ledger.md"));

        Assert.All(Table.Ddl, statement => Assert.Contains(statement + ";", page, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a;drop table t")]
    [InlineData("a.b.c")]
    [InlineData("\"a\"")]
    [InlineData("")]
    [InlineData("1a")]
    public void What_is_not_a_tables_name_is_refused(string name) => Assert.Throws<ArgumentException>(() => LedgerTable.Named(name));

    [Fact]
    public void A_key_used_for_another_write_is_recognised()
    {
        var entry = new LedgerEntry("k", LedgerVerdict.Done, 9, Result);
        Assert.IsType<LedgerAnswer.KeyReused>(LedgerAnswer.For(entry, 10));
    }

    [Fact]
    public void Fingerprints_tell_texts_types_and_values_apart_and_are_the_same_for_the_same()
    {
        Statement[] different =
        [
            new("select $1", [new Parameter<int>(1)]), new("select $1", [new Parameter<int>(2)]),
            new("select $1", [new Parameter<long>(1)]),
            new("select  $1", [new Parameter<int>(1)]), new("select $1", [Parameter.Null<int>()]),
            new("select $1", [new Parameter<string>("1")]),
            new("select $1", [new Parameter<int[]>([1, 2])]), new("select $1", [new Parameter<int[]>([12])]),
            new("select $1", [new Parameter<byte[]>([1])]), new("select $1", [new Parameter<byte[]>([2])]),
            new("select $1, $2", [new Parameter<string>("ab"), new Parameter<string>("c")]),
            new("select $1, $2", [new Parameter<string>("a"), new Parameter<string>("bc")]),
            new("select $1", [new Parameter<DateTime>(new DateTime(1))]), new("select $1", [new Parameter<DateTime>(new DateTime(2))]),
            new("select $1", [new Parameter<double>(0.1)]), new("select $1", [new Parameter<double>(Math.BitIncrement(0.1))]),
            new("select $1", [new Parameter<ReadOnlyMemory<byte>>(new byte[] { 1 })]),
            new("select $1", [new Parameter<ReadOnlyMemory<byte>>(new byte[] { 2 })]),
            new("select $1", [new Parameter<JsonDocument>(JsonDocument.Parse("1"))]),
            new("select $1", [new Parameter<JsonDocument>(JsonDocument.Parse("2"))]),
            new("select $1", [new Parameter<JsonElement>(JsonDocument.Parse("1").RootElement)]),
            new("select $1", [new Parameter<JsonElement>(JsonDocument.Parse("\"1\"").RootElement)]),
            new("select $1", [new Parameter<string?[]>(["null"])]), new("select $1", [new Parameter<string?[]>([null])]),
        ];

        Assert.Equal(different.Length, different.Select(one => LedgerFingerprint.Of(one)).Distinct().Count());
        Assert.Equal(LedgerFingerprint.Of(different[0]), LedgerFingerprint.Of(new Statement("select $1", [new Parameter<int>(1)])));
    }

    private static string Here([CallerFilePath] string here = "") => here;

    /// <summary>As a connection would: null when the write ran, else the row that was there.</summary>
    private static async Task<LedgerEntry?> WriteOnceAsync(NpgsqlConnection connection, string key, int id)
    {
        await connection.RunAsync("begin");
        try
        {
            await connection.RunAsync(Ledger.Claim(key, fingerprint: 9));
        }
        catch (PostgresException error) when (Table.IsKeyTaken(error))
        {
            await connection.RunAsync("rollback");
            return await FindAsync(connection, key);
        }
        await connection.RunAsync($"insert into effects values ({id})");
        await connection.RunAsync(Ledger.Record(key, Result));
        await connection.RunAsync("commit");
        return null;
    }

    private static async Task<LedgerEntry?> FindAsync(NpgsqlConnection connection, string key)
    {
        await using var find = SettlementRunner.BatchOf(connection, Ledger.Find(key));
        await using var row = await find.ExecuteReaderAsync();
        return await row.ReadAsync() ? SettlementRunner.EntryOf(row) : null;
    }

    private static async Task<SettledOutcome> SettleAsync(NpgsqlConnection connection, CommitInDoubt doubt, SettleLimits? limits = null) =>
        (await Runner.RunAsync(Runner.Begin(doubt, limits ?? Limits), connection, CancellationToken.None)).Outcome!;
}
