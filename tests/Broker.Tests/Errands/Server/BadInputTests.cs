using System.Net;
using System.Net.Sockets;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>What is wrong is refused by a failure of a type of its own that names the thing, and the pool is as good as before.</summary>
public sealed class BadInputTests : IAsyncLifetime
{
    private PackingBroker _broker = null!;

    public async Task InitializeAsync() =>
        _broker = await PackingBroker.StartAsync(
            "create table things (id int primary key, name text); insert into things values (1, null)");

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task A_database_that_is_not_configured_is_named_with_the_nearest_that_is()
    {
        var unknown = Assert.IsType<UnknownDatabase>(await FailureOfAsync(() => _broker.Client.ExecuteAsync("order", $"select 1")));
        Assert.Equal(("order", "orders"), (unknown.Database, unknown.Nearest));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_database_that_the_server_does_not_have_is_named_and_an_errand_does_not_wait_for_it()
    {
        await using var broker =
            PackingBroker.StartOn(new NpgsqlConnectionStringBuilder(_broker.ConnectionString) { Database = "not_there" }.ConnectionString);
        var refused = Assert.IsType<LoginRefused>((await broker.RunAsync("select 1")).Failure);
        Assert.Equal("3D000", refused.SqlState);
        Assert.Contains("not_there", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("selekt 1", "42601", "selekt")]
    [InlineData("select nothing from things", "42703", "nothing")]
    [InlineData("select * from no_things", "42P01", "no_things")]
    [InlineData("insert into things values (1)", "23505", "things_pkey")]
    [InlineData("insert into things values (null)", "23502", "id")]
    [InlineData("vacuum things; select 1", "0A000", "2 statements")]
    public async Task A_statement_that_is_wrong_is_told_what_is_wrong_with_it(string text, string sqlState, string word)
    {
        for (var round = 0; round < 3; round++)
        {
            var failure = (await _broker.RunAsync(text)).Failure!;
            Assert.True(failure is StatementFailed or StatementRefused);
            Assert.Equal(sqlState, failure.SqlState);
            Assert.Contains(word, failure.Message, StringComparison.Ordinal);
        }
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_parameter_of_the_wrong_type_is_the_servers_error_and_one_of_no_type_is_refused_with_its_place()
    {
        Assert.Equal("42883",
            (await FailureOfAsync(() => _broker.Client.QueryAsync<int>("orders", $"select id from things where id = {"one"}"))).SqlState);
        var refused = Assert.IsType<ParameterRefused>(await FailureOfAsync(() =>
            _broker.Client.ExecuteAsync("orders", "select $1, $2", 1, new Version(1, 2))));
        Assert.Contains("$2", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Version", refused.Message, StringComparison.Ordinal);
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_null_where_a_value_is_needed_names_its_column_and_none_or_two_rows_are_not_one()
    {
        var mismatch = Assert.IsType<ResultMismatch>(await FailureOfAsync(() =>
            _broker.Client.QuerySingleAsync<int>("orders", $"select null::int as amount")));
        Assert.Contains("amount", mismatch.Message, StringComparison.Ordinal);
        Assert.Null(await _broker.Client.QuerySingleAsync<int?>("orders", $"select null::int as amount"));
        Assert.IsType<ResultMismatch>(await FailureOfAsync(() => _broker.Client.QuerySingleAsync<int>("orders", $"select 1 where false")));
        Assert.IsType<ResultMismatch>(await FailureOfAsync(() =>
            _broker.Client.QuerySingleAsync<int>("orders", $"select generate_series(1, 2)")));
        Assert.IsType<ResultMismatch>(await FailureOfAsync(() => _broker.Client.QuerySingleAsync<int>("orders", $"select 'one'")));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_server_that_is_down_is_named_and_its_callers_do_not_wait_for_their_whole_patience()
    {
        // Bound and not listened at: nobody answers there, and nobody else gets it meanwhile.
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        await using var broker = PackingBroker.StartOn(
            new NpgsqlConnectionStringBuilder(_broker.ConnectionString) { Port = port }.ConnectionString,
                "broker.pool.acquire-timeout = 3s");
        var failure = (await broker.RunAsync("select 1")).Failure!;
        Assert.True(failure is ServerUnavailable or PoolExhausted, $"{failure}");
        Assert.Contains($"{port}", failure.Message, StringComparison.Ordinal);
        Assert.True(failure.SafeToRetry);
    }

    [Fact]
    public async Task A_wrong_password_is_told_at_once_and_never_shown_and_a_right_one_serves()
    {
        await using var server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway with { Password = "right" });
        var right = server.ConnectionString();
        await using (
            var broker = PackingBroker.StartOn(new NpgsqlConnectionStringBuilder(right) { Password = "wrong-secret" }.ConnectionString))
        {
            var refused = Assert.IsType<LoginRefused>((await broker.RunAsync("select 1")).Failure);
            Assert.Equal("28P01", refused.SqlState);
            Assert.Contains("postgres", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("wrong-secret", refused.ToString() + string.Join('\n', broker.Warnings), StringComparison.Ordinal);
        }
        await using var good = PackingBroker.StartOn(right);
        Assert.Equal("[1]", (await good.RunAsync("select 1")).Rows);
    }

    private static async Task<Failure> FailureOfAsync<T>(Func<ValueTask<T>> run) =>
        (await Assert.ThrowsAsync<BrokerException>(async () => await run())).Failure;
}
