using Broker.Postgres;
using Broker.Settlement;
using Npgsql;
using Xunit;

namespace Broker.Tests.Settlement;

/// <summary>Settling on a real server, by transaction id.</summary>
public sealed class SettlementTests
{
    private static readonly SettleLimits Limits = SettleLimits.For(TimeSpan.FromSeconds(20));
    private static readonly SettlementRunner Runner = new(null, TimeProvider.System);

    [Fact]
    public async Task A_backend_killed_before_its_commit_has_aborted()
    {
        var server = await SharedPostgres.CreateDatabaseAsync();
        await using var settling = await Sql.OpenAsync(server);
        await using var original = await Original.OpenAsync(server);
        var transaction = await original.BeginAsync();
        await settling.ScalarAsync($"select pg_terminate_backend({original.Backend.Pid})");

        Assert.IsType<SettledOutcome.Aborted>(await SettleAsync(settling, original.InDoubt(transaction)));
    }

    [Fact]
    public async Task A_backend_that_still_sits_in_its_transaction_is_ended_and_has_aborted()
    {
        var server = await SharedPostgres.CreateDatabaseAsync();
        await using var settling = await Sql.OpenAsync(server);
        await using var original = await Original.OpenAsync(server);
        var transaction = await original.BeginAsync();

        Assert.IsType<SettledOutcome.Aborted>(await SettleAsync(settling, original.InDoubt(transaction)));

        // The abort is on record before the process has left the list, so its end is waited for.
        await settling.UntilAsync($"not exists (select from pg_stat_activity where pid = {original.Backend.Pid})");
    }

    [Fact]
    public async Task A_backend_in_the_middle_of_its_commit_is_ended_before_anything_is_told()
    {
        var server = await SharedPostgres.CreateDatabaseAsync();
        await using var settling = await Sql.OpenAsync(server);
        await settling.RunAsync("""
            create table slow (id int primary key);
            create function slowly() returns trigger language plpgsql as 'begin perform pg_sleep(60); return null; end';
            create constraint trigger at_commit after insert on slow deferrable initially deferred for each row execute function slowly()
            """);
        await using var original = await Original.OpenAsync(server);
        var transaction = await original.BeginAsync();
        await original.Connection.RunAsync("insert into slow values (1)");
        var commit = original.Connection.RunAsync("commit");
        await settling.UntilAsync($"wait_event = 'PgSleep' from pg_stat_activity where pid = {original.Backend.Pid}");

        Assert.IsType<SettledOutcome.Aborted>(await SettleAsync(settling, original.InDoubt(transaction)));

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => commit);
        Assert.Equal(0L, await settling.ScalarAsync("select count(*) from slow"));
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_committed()
    {
        var server = await SharedPostgres.CreateDatabaseAsync();
        await using var settling = await Sql.OpenAsync(server);
        await using var original = await Original.OpenAsync(server);
        var transaction = await original.BeginAsync();
        await original.Connection.RunAsync("commit");

        Assert.IsType<SettledOutcome.Committed>(await SettleAsync(settling, original.InDoubt(transaction)));
    }

    [Fact]
    public async Task Another_process_with_the_old_pid_is_left_alone()
    {
        var server = await SharedPostgres.CreateDatabaseAsync();
        await using var settling = await Sql.OpenAsync(server);
        await using var other = await Original.OpenAsync(server);
        var before = other.Backend with { BackendStart = other.Backend.BackendStart.AddSeconds(-1) };

        await SettleAsync(settling, new CommitInDoubt(before, await other.BeginAsync(), true),
            SettleLimits.For(TimeSpan.FromMilliseconds(100)));

        await other.Connection.RunAsync("commit");
    }

    [Fact]
    public async Task A_transaction_still_in_progress_at_the_limit_is_unknown()
    {
        var server = await SharedPostgres.CreateDatabaseAsync();
        await using var settling = await Sql.OpenAsync(server);
        await using var original = await Original.OpenAsync(server);
        var transaction = await original.BeginAsync();
        // another pid, so that the original is not ended
        var doubt = new CommitInDoubt(original.Backend with { Pid = 1 }, transaction, true);

        var unknown =
            Assert.IsType<SettledOutcome.Unknown>(await SettleAsync(settling, doubt, SettleLimits.For(TimeSpan.FromSeconds(1))));

        Assert.Contains("in progress", unknown.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_settling_connection_leaves_the_settlement_to_another_one()
    {
        var server = await SharedPostgres.CreateDatabaseAsync();
        await using var first = await Sql.OpenAsync(server);
        await using var second = await Sql.OpenAsync(server);
        await using var original = await Original.OpenAsync(server);
        var transaction = await original.BeginAsync();
        await original.Connection.RunAsync("commit");
        await second.ScalarAsync($"select pg_terminate_backend({first.ProcessID})");

        var state = await Runner.RunAsync(Runner.Begin(original.InDoubt(transaction), Limits), first, CancellationToken.None);
        Assert.Null(state.Outcome);

        state = await Runner.RunAsync(state, second, CancellationToken.None);
        Assert.IsType<SettledOutcome.Committed>(state.Outcome);
    }

    [Fact]
    public async Task A_settling_connection_is_lent_on_clean()
    {
        var server = await SharedPostgres.CreateDatabaseAsync();
        await using var settling = await Sql.OpenAsync(server);
        await using var original = await Original.OpenAsync(server);
        var transaction = await original.BeginAsync();
        await original.Connection.RunAsync("commit");

        // an id of the future is an error of the server in the middle of the settlement
        await SettleAsync(settling, original.InDoubt(transaction + 1_000_000));

        Assert.Equal(1, await settling.ScalarAsync("select 1"));
    }

    private static async Task<SettledOutcome> SettleAsync(NpgsqlConnection connection, CommitInDoubt doubt, SettleLimits? limits = null) =>
        (await Runner.RunAsync(Runner.Begin(doubt, limits ?? Limits), connection, CancellationToken.None)).Outcome!;
}
