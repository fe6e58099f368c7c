namespace Broker.Postgres.Tests;

public sealed class SharedPostgresTests
{
    [Fact]
    public async Task Every_test_gets_a_database_of_its_own_on_one_server()
    {
        var databases = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SharedPostgres.CreateDatabaseAsync()));

        var names = await Task.WhenAll(databases.Select(one => LocalPostgresTests.ScalarAsync(one, "SELECT current_database()::text")));
        var servers = await Task.WhenAll(databases
            .Select(one => LocalPostgresTests.ScalarAsync(one, "SELECT pg_postmaster_start_time()::text")));

        Assert.Equal(4, names.Distinct().Count());
        Assert.Single(servers.Distinct());
    }

    [Theory]
    [InlineData("create table kept (id int primary key); create type mood as enum ('fine'); create temp table mine (id int)", true)]
    [InlineData("create schema kept", false)]
    [InlineData("create extension if not exists plpgsql; create cast (text as point) with inout", false)]
    [InlineData("alter default privileges revoke execute on functions from public", false)]
    [InlineData("do $$ begin execute format('alter database %I set work_mem = 64', current_database()); end $$", false)]
    [InlineData("do $$ begin execute format('alter database %I connection limit 7', current_database()); end $$", false)]
    [InlineData("select lo_create(0)", false)]
    public async Task A_database_that_was_given_back_comes_again_only_when_nothing_is_left_in_it(string left, bool again)
    {
        var first = await SharedPostgres.CreateDatabaseAsync();
        var number = await LocalPostgresTests.ScalarAsync(first, Number);
        var rights = await LocalPostgresTests.ScalarAsync(first, Rights);
        await LocalPostgresTests.ScalarAsync(first, left);

        await SharedPostgres.ReturnDatabaseAsync(first);

        var second = await SharedPostgres.CreateDatabaseAsync();
        Assert.NotEqual(first, second);
        Assert.Equal(again, (string)number! == (string)(await LocalPostgresTests.ScalarAsync(second, Number))!);
        Assert.Equal("0",
            await LocalPostgresTests.ScalarAsync(second,
                "SELECT count(*)::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"));
        Assert.Equal(rights, await LocalPostgresTests.ScalarAsync(second, Rights));
    }

    private const string Number = "SELECT oid::text FROM pg_database WHERE datname = current_database()";

    private const string Rights = "SELECT nspowner::regrole || nspacl::text FROM pg_namespace WHERE nspname = 'public'";
}
