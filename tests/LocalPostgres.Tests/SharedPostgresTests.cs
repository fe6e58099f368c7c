namespace Broker.Postgres.Tests;

public sealed class SharedPostgresTests
{
    [Fact]
    public async Task Every_test_gets_a_database_of_its_own_on_one_server()
    {
        var databases = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SharedPostgres.CreateDatabaseAsync()));

        var names = await Task.WhenAll(databases.Select(one => LocalPostgresTests.ScalarAsync(one, "SELECT current_database()::text")));
        var servers = await Task.WhenAll(databases.Select(one => LocalPostgresTests.ScalarAsync(one, "SELECT pg_postmaster_start_time()::text")));

        Assert.Equal(4, names.Distinct().Count());
        Assert.Single(servers.Distinct());
    }
}
