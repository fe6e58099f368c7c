using Npgsql;

namespace Broker.Host.Demo;

/// <summary>pgbench's table of accounts, with balances of zero, and a table of what several processes write in one conversation.</summary>
internal static class DemoSchema
{
    private const int Scale = 5;

    /// <summary>Makes and fills it. Returns how many accounts there are.</summary>
    internal static async Task<int> LoadAsync(string connectionString)
    {
        const int Accounts = Scale * 100_000;
        await using var source = NpgsqlDataSource.Create(connectionString);
        foreach (var statement in (string[])
        [
            "create table pgbench_accounts "
                + "(aid int primary key, bid int not null, abalance int not null, filler char(84)) with (fillfactor = 90)",
            $"insert into pgbench_accounts select n, 1 + n / 100000, 0, '' from generate_series(1, {Accounts}) n",
            "vacuum analyze pgbench_accounts",
            "create table demo_lines (position bigint generated always as identity, author text not null, number int not null)",
        ])
        {
            await using var command = source.CreateCommand(statement);
            command.CommandTimeout = 0;
            await command.ExecuteNonQueryAsync();
        }
        return Accounts;
    }

    /// <summary>What the table says.</summary>
    internal static async Task<long> SumOfBalancesAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var sum = source.CreateCommand("select sum(abalance)::bigint from pgbench_accounts");
        return (long)(await sum.ExecuteScalarAsync())!;
    }
}
