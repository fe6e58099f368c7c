using Npgsql;

namespace Broker.Bench;

/// <summary>pgbench's tables, loaded without pgbench, and one table for inserts.</summary>
internal static class Schema
{
    public const int AccountsPerBranch = 100_000;

    public static async Task LoadAsync(NpgsqlDataSource dataSource, int scale)
    {
        await RunAsync(dataSource, $"""
            drop table if exists pgbench_branches, pgbench_tellers, pgbench_accounts, pgbench_history, bench_entries;
            create table pgbench_branches (bid int primary key, bbalance int, filler char(88)) with (fillfactor = 100);
            create table pgbench_tellers (tid int primary key, bid int, tbalance int, filler char(84)) with (fillfactor = 100);
            create table pgbench_accounts (aid int, bid int, abalance int, filler char(84)) with (fillfactor = 100);
            create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
            create table bench_entries (id int primary key, amount int not null);
            insert into pgbench_branches select b, 0, '' from generate_series(1, {scale}) b;
            insert into pgbench_tellers select t, (t - 1) / 10 + 1, 0, '' from generate_series(1, {scale * 10}) t;
            insert into pgbench_accounts
                select a, (a - 1) / {AccountsPerBranch} + 1, 0, '' from generate_series(1, {scale * AccountsPerBranch}) a;
            alter table pgbench_accounts add primary key (aid);
            """);
        await RunAsync(dataSource, "vacuum analyze");
    }

    /// <summary>The same empty table and clean log for each cell, so that an earlier cell costs a later one nothing.</summary>
    public static async Task ClearEntriesAsync(NpgsqlDataSource dataSource)
    {
        await RunAsync(dataSource, "truncate bench_entries");
        await RunAsync(dataSource, "checkpoint");
    }

    private static async Task RunAsync(NpgsqlDataSource dataSource, string sql)
    {
        await using var command = dataSource.CreateCommand(sql);
        command.CommandTimeout = 600;
        await command.ExecuteNonQueryAsync();
    }
}
