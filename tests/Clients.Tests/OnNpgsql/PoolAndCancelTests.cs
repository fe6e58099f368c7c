using Broker.Clients.Tests.Reaching;
using Npgsql;
using Xunit;

namespace Broker.Clients.Tests.OnNpgsql;

public sealed class PoolAndCancelTests
{
    private const string Preparing = "Max Auto Prepare=10;Auto Prepare Min Usages=2";

    [Theory, Through(Keeping.Statement)]
    public async Task A_token_cancels_the_statement_and_the_connection_goes_on(string name)
    {
        var endpoint = await Endpoints.OpenAsync(name);
        await using var source = endpoint.Open();
        await using var connection = await source.OpenConnectionAsync();
        using var cancel = new CancellationTokenSource();
        await using var sleep = new NpgsqlCommand("select 'npgsql sleeps' from pg_sleep(50)", connection);
        var sleeping = sleep.ExecuteScalarAsync(cancel.Token);
        await endpoint.UntilItWaitsAsync("npgsql sleeps");

        await cancel.CancelAsync();

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping);
        Assert.Equal("57014", Assert.IsType<PostgresException>(cancelled.InnerException).SqlState);
        Assert.Equal(1, await connection.ScalarAsync("select 1"));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_statement_that_takes_too_long_for_its_client_is_cancelled(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var connection = await source.OpenConnectionAsync();
        await using var sleep = new NpgsqlCommand("select pg_sleep(50)", connection) { CommandTimeout = 1 };

        var late = await Assert.ThrowsAsync<NpgsqlException>(() => sleep.ExecuteScalarAsync());

        Assert.IsType<TimeoutException>(late.InnerException);
        Assert.Equal(1, await connection.ScalarAsync("select 1"));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_cancel_hits_its_own_statement_only(string name)
    {
        var endpoint = await Endpoints.OpenAsync(name);
        await using var source = endpoint.Open();
        await using var server = endpoint.Server.Open();
        await server.RunAsync("create table npgsql_gate (id int); insert into npgsql_gate values (1)");
        await using var holder = await server.OpenConnectionAsync();
        await using var holding = await holder.BeginTransactionAsync();
        await holder.RunAsync("update npgsql_gate set id = 2");
        using var cancel = new CancellationTokenSource();
        await using var first = source.CreateCommand("select 'npgsql first' from pg_sleep(50)");
        await using var second = source.CreateCommand("update npgsql_gate set id = 3 returning 'npgsql second'");
        var cancelled = first.ExecuteScalarAsync(cancel.Token);
        await endpoint.UntilItWaitsAsync("npgsql first");
        var finished = second.ExecuteScalarAsync();
        await endpoint.UntilItWaitsAsync("npgsql second");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await holding.RollbackAsync();
        Assert.Equal("npgsql second", await finished);
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task What_one_user_of_a_pooled_connection_set_the_next_does_not_see(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open("Maximum Pool Size=1");
        await using (var first = await source.OpenConnectionAsync())
        {
            await first.RunAsync("set work_mem = '9MB'");
            await first.RunAsync("set datestyle = 'SQL, DMY'");
        }

        await using var second = await source.OpenConnectionAsync();

        Assert.NotEqual("9MB", await second.ScalarAsync("show work_mem"));
        Assert.Equal("ISO, MDY", await second.ScalarAsync("show datestyle"));
    }

    [Theory, Through(Keeping.Session)]
    public async Task What_a_session_sets_it_keeps_until_it_is_reset(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open("No Reset On Close=true;Maximum Pool Size=1");
        await using (var first = await source.OpenConnectionAsync())
        {
            await first.RunAsync("set work_mem = '9MB'; create temporary table npgsql_kept (id int)");
            await first.RunAsync("prepare npgsql_plan as select 5");
        }
        await using (var second = await source.OpenConnectionAsync())
        {
            Assert.Equal("9MB", await second.ScalarAsync("show work_mem"));
            Assert.Equal(0L, await second.ScalarAsync("select count(*) from npgsql_kept"));
            Assert.Equal(5, await second.ScalarAsync("execute npgsql_plan"));
            await second.RunAsync("discard all");
            Assert.NotEqual("9MB", await second.ScalarAsync("show work_mem"));
            Assert.Equal("26000", (await Assert.ThrowsAsync<PostgresException>(() => second.ScalarAsync("execute npgsql_plan"))).SqlState);
        }
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_statement_of_DISCARD_ALL_is_answered_as_the_server_does(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open($"{Preparing};Maximum Pool Size=1");
        for (var n = 0; n < 6; n++)
        {
            await using var connection = await source.OpenConnectionAsync();
            Assert.Equal(n, await connection.ScalarAsync($"select {n}"));
            Assert.Equal("npgsql again", await connection.ScalarAsync("select 'npgsql again'"));
            await connection.CloseAsync();
            await connection.OpenAsync();
            Assert.Equal("npgsql again", await connection.ScalarAsync("select 'npgsql again'"));
        }
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Many_callers_over_many_connections_each_get_their_own_answer(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open($"{Preparing};Maximum Pool Size=30");

        await Task.WhenAll(Enumerable.Range(0, 30).Select(async caller =>
        {
            for (var turn = 0; turn < 20; turn++)
            {
                await using var command = source.CreateCommand("select $1::int * 1000 + $2::int");
                command.Parameters.Add(new() { Value = caller });
                command.Parameters.Add(new() { Value = turn });
                Assert.Equal((caller * 1000) + turn, await command.ExecuteScalarAsync());
            }
        }));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Connections_without_a_pool_come_and_go(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open("Pooling=false");

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async n =>
        {
            await using var connection = await source.OpenConnectionAsync();
            Assert.Equal(n, await connection.ScalarAsync($"select {n}"));
        }));
    }
}
