using System.Collections.Immutable;
using System.Diagnostics;
using Broker.Postgres;
using Broker.Settlement;
using Npgsql;
using Xunit;

namespace Broker.Tests.Settlement;

/// <summary>Settling after the server itself was restarted, crashed or made to wait: each test has a server of its own.</summary>
public sealed class LostServerTests
{
    private static readonly SettleLimits Limits = SettleLimits.For(TimeSpan.FromSeconds(20));
    private static readonly LedgerTable Table = LedgerTable.Named("broker_ledger");
    private static readonly SettlementRunner Runner = new(Table, TimeProvider.System);

    [Fact]
    public async Task After_a_restart_the_transaction_id_is_not_believed_but_the_ledger_is()
    {
        await using var server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        await using var original = await Original.OpenAsync(server.ConnectionString());
        await Table.CreateAsync(original.Connection, CancellationToken.None);
        var transaction = await original.BeginAsync();
        await original.Connection.RunAsync("insert into broker_ledger (key, verdict) values ('k', 'done')");
        await original.Connection.RunAsync("commit");
        await server.RestartAsync();
        await using var settling = await Sql.OpenAsync(server.ConnectionString());

        var byId = await SettleAsync(settling, original.InDoubt(transaction));
        var byKey = await SettleAsync(settling, original.InDoubt(transaction, "k"));

        Assert.Contains("restarted", Assert.IsType<SettledOutcome.Unknown>(byId).Cause, StringComparison.Ordinal);
        Assert.Equal("k", Assert.IsType<SettledOutcome.Committed>(byKey).Entry?.Key);
    }

    [Fact]
    public async Task After_a_crash_of_any_backend_an_id_is_given_out_again_under_the_same_postmaster_and_is_not_believed()
    {
        await using var server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        await using var original = await Original.OpenAsync(server.ConnectionString());
        var transaction = await original.BeginAsync();
        using (var process = Process.GetProcessById(original.Backend.Pid))
        {
            process.Kill();
        }
        await using var settling = await AgainAsync(server, original);
        await using var next = await Original.OpenAsync(server.ConnectionString());

        // somebody else's transaction commits under the id of ours
        Assert.Equal(transaction, await next.BeginAsync());
        await next.Connection.RunAsync("create table t ()");
        await next.Connection.RunAsync("commit");
        Assert.Equal(original.Backend.PostmasterStart, next.Backend.PostmasterStart);
        Assert.Equal(TransactionStatus.Committed, await TransactionStatusQuery.AskAsync(settling, transaction, CancellationToken.None));

        var unknown = Assert.IsType<SettledOutcome.Unknown>(await SettleAsync(settling, original.InDoubt(transaction)));
        Assert.Contains("crash", unknown.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_that_waits_for_a_synchronous_standby_is_not_cut_short_and_settles_when_it_is_through()
    {
        await using var server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        await using var settling = await Sql.OpenAsync(server.ConnectionString());
        await settling.RunAsync("alter system set synchronous_standby_names = 'nobody'");
        await settling.RunAsync("select pg_reload_conf()");
        await using var original = await Original.OpenAsync(server.ConnectionString());
        await original.Connection.RunAsync("set synchronous_commit = on");
        var transaction = await original.BeginAsync();
        await original.Connection.RunAsync("create table t ()");
        var commit = original.Connection.RunAsync("commit");
        await settling.UntilAsync($"wait_event = 'SyncRep' from pg_stat_activity where pid = {original.Backend.Pid}");

        var early = await SettleAsync(settling, original.InDoubt(transaction), SettleLimits.For(TimeSpan.FromSeconds(1)));
        Assert.Contains("synchronous standby", Assert.IsType<SettledOutcome.Unknown>(early).Cause, StringComparison.Ordinal);
        Assert.False(commit.IsCompleted);

        var late = SettleAsync(settling, original.InDoubt(transaction));
        await using (var operations = await Sql.OpenAsync(server.ConnectionString()))
        {
            await operations.RunAsync("alter system reset synchronous_standby_names");
            await operations.RunAsync("select pg_reload_conf()");
        }
        Assert.IsType<SettledOutcome.Committed>(await late);
        await commit;
    }

    [Fact]
    public async Task A_commit_found_in_the_ledger_is_on_disk_before_it_is_told_though_neither_session_waits_for_the_disk_by_itself()
    {
        await using var server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway with
        {
            Settings = LocalPostgresOptions.Throwaway.Settings.SetItems(
                ImmutableDictionary<string, string>.Empty.Add("wal_writer_delay", "10s").Add("autovacuum", "off")),
        });
        await using var settling = await Sql.OpenAsync(server.ConnectionString());
        await Table.CreateAsync(settling, CancellationToken.None);
        await settling.RunAsync("set synchronous_commit = off");
        await using var original = await Original.OpenAsync(server.ConnectionString());
        await original.Connection.RunAsync("set synchronous_commit = off");
        await original.Connection.RunAsync("insert into broker_ledger (key, verdict) values ('k', 'done')");
        var written = (string)(await settling.ScalarAsync("select pg_current_wal_insert_lsn()::text"))!;

        Assert.IsType<SettledOutcome.Committed>(await SettleAsync(settling, original.InDoubt(null, "k")));

        Assert.Equal(true, await settling.ScalarAsync($"select pg_current_wal_flush_lsn() >= '{written}'"));
    }

    private static async Task<SettledOutcome> SettleAsync(NpgsqlConnection connection, CommitInDoubt doubt, SettleLimits? limits = null) =>
        (await Runner.RunAsync(Runner.Begin(doubt, limits ?? Limits), connection, CancellationToken.None)).Outcome!;

    /// <summary>
    /// The first connection that the server accepts after its recovery; before it, it may still accept some that it ends again.
    /// </summary>
    private static async Task<NpgsqlConnection> AgainAsync(LocalPostgres server, Original original)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                var connection = await Sql.OpenAsync(server.ConnectionString());
                if ((DateTime)(await connection.ScalarAsync("select stats_reset from pg_stat_bgwriter"))! > original.Backend.BackendStart)
                {
                    return connection;
                }
                await connection.DisposeAsync();
            }
            catch (NpgsqlException)
            {
                // It is down, or recovering.
            }
            await Task.Delay(20, limit.Token);
        }
    }
}
