using Broker.Postgres;
using Broker.Statements;
using FsCheck;
using FsCheck.Xunit;
using Npgsql;
using Xunit;

namespace Broker.Tests.Statements;

public sealed class PoolDefaultsTests
{
    private static readonly PoolDefaults Usual =
        new("read committed", false, false, "UTF8", true, false, TimeSpan.FromSeconds(1));

    [Fact]
    public void The_usual_pool_packs_reads_and_writes() => Assert.Equal(new PackingAllowed(true, true, ""), Usual.Packing);

    [Fact]
    public void Nothing_is_packed_where_a_default_would_change_the_meaning_of_a_group()
    {
        PoolDefaults[] others =
        [
            Usual with { Isolation = "repeatable read" }, Usual with { Isolation = "serializable" }, Usual with { Deferrable = true },
            Usual with { StandardStrings = false }, Usual with { ClientEncoding = "LATIN1" },
        ];

        Assert.All(others, defaults => Assert.True(defaults.Packing is { Reads: false, Writes: false, Words.Length: > 0 }));
    }

    [Fact]
    public void A_read_only_server_packs_reads_only()
    {
        Assert.True((Usual with { InRecovery = true }).Packing is { Reads: true, Writes: false });
        Assert.True((Usual with { ReadOnly = true }).Packing is { Reads: true, Writes: false });
        Assert.True((Usual with { ReadOnly = true }).IsReadOnlyServer);
        Assert.False(Usual.IsReadOnlyServer);
    }

    [Property]
    public void The_lock_timeout_stays_below_a_quarter_of_the_deadlock_timeout(PositiveInt wanted, PositiveInt deadlock)
    {
        var defaults = Usual with { DeadlockTimeout = TimeSpan.FromMilliseconds(deadlock.Get + 4) };

        var timeout = defaults.LockTimeout(TimeSpan.FromMilliseconds(wanted.Get));

        Assert.True(timeout < defaults.DeadlockTimeout / 4);
        Assert.InRange(timeout.TotalMilliseconds, 1, wanted.Get);
    }

    [Fact]
    public async Task Defaults_of_server_database_and_role_are_read()
    {
        await using var source = NpgsqlDataSource.Create(await SharedPostgres.CreateDatabaseAsync());
        await using (var first = await source.OpenConnectionAsync())
        {
            Assert.Equal(Usual, await CatalogueQueries.PoolDefaultsAsync(first, CancellationToken.None));
            await using var alter = new NpgsqlCommand(
                """
                do $$ begin execute format('alter database %I set default_transaction_isolation = ''serializable''', current_database());
                execute format('alter database %I set deadlock_timeout = ''2min''', current_database()); end $$
                """,
                first);
            await alter.ExecuteNonQueryAsync();
        }

        source.Clear();
        await using var second = await source.OpenConnectionAsync();
        Assert.Equal(
            Usual with { Isolation = "serializable", DeadlockTimeout = TimeSpan.FromMinutes(2) },
            await CatalogueQueries.PoolDefaultsAsync(second, CancellationToken.None));
    }
}
