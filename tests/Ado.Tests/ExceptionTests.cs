using System.Data.Common;
using Broker.Ado.Tests.Comparing;
using Broker.Client;
using Broker.Client.Ado;
using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Ado.Tests;

public sealed class ExceptionTests
{
    [Theory]
    [InlineData("select 1 / 0")]
    [InlineData("selct 1")]
    [InlineData("select * from nothing_here")]
    [InlineData("select nothing from people")]
    [InlineData("insert into people values (1, 'again')")]
    [InlineData("insert into people (id) values (99)")]
    [InlineData("insert into pets values (99, 1, 'dragon')")]
    [InlineData("insert into pets values (99, 12345, 'cat')")]
    [InlineData("select 'x'::int")]
    [InlineData("select pg_terminate_nothing()")]
    [InlineData("do $$ begin raise exception 'mine' using errcode = 'MY001'; end $$")]
    [InlineData("do $$ begin raise exception 'serial' using errcode = '40001'; end $$")]
    [InlineData("do $$ begin raise exception 'dead' using errcode = '40P01'; end $$")]
    [InlineData("do $$ begin raise exception 'lock' using errcode = '55P03'; end $$")]
    [InlineData("select 1; select 1 / 0; select 2")]
    public Task A_refusal_of_the_server_has_its_state_and_says_whether_it_may_pass(string text) =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await seen.TryAsync("run", () => connection.RunAsync(text));
        await using var command = connection.Command(text);
        await seen.TryAsync("read", async () =>
        {
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.NextResultAsync())
            {
            }
        });
        seen.Add(await connection.ScalarAsync("select 1"));
    });

    [Fact]
    public Task Differs_a_server_that_is_out_of_something_ends_no_connection() => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            await seen.TryAsync("full", () => connection.RunAsync("do $$ begin raise exception 'full' using errcode = '53300'; end $$"));
            await seen.TryAsync("next", () => connection.ScalarAsync("select 1"));
        }, ["full: SQLSTATE 53300, transient", "next: InvalidOperationException"], ["full: SQLSTATE 08007", "next: Int32 1"]);

    [Fact]
    public async Task The_failure_is_in_the_exception()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var command = source.CreateCommand("insert into people values (1, 'again')");
        var thrown = await Assert.ThrowsAsync<BrokerException>(() => command.ExecuteNonQueryAsync());
        Assert.Equal(("people", "people_pkey"), thrown.Failure is StatementFailed failed ? (failed.Table, failed.Constraint) : default);
    }

    [Fact]
    public async Task A_timeout_is_one()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var command = source.CreateCommand("select pg_sleep(20), 'by timeout'");
        command.CommandTimeout = 1;
        var thrown = await Assert.ThrowsAsync<BrokerException>(() => command.ExecuteNonQueryAsync());
        Assert.IsType<Cancelled>(thrown.Failure);
        Assert.IsType<TimeoutException>(thrown.InnerException);
        Assert.Contains("CommandTimeout of 1 s", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task Differs_a_timeout_says_that_the_statement_was_cancelled_and_is_not_called_transient() => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            await using var command = connection.Command("select pg_sleep(20)");
            command.CommandTimeout = 1;
            await seen.TryAsync("timeout", () => command.ExecuteNonQueryAsync());
            seen.Add(await connection.ScalarAsync("select 1"));
        }, ["timeout: SQLSTATE , transient", "Int32 1"], ["timeout: SQLSTATE 57014", "Int32 1"]);

    [Theory]
    [InlineData("begin")]
    [InlineData("commit")]
    [InlineData("set search_path = public")]
    [InlineData("set application_name = 'x'; select 1")]
    [InlineData("listen something")]
    [InlineData("prepare p as select 1")]
    [InlineData("discard all")]
    public async Task Differs_what_would_stay_in_the_servers_session_is_refused(string text)
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var command = source.CreateCommand(text);
        Assert.IsType<StatementRefused>((await Assert.ThrowsAsync<BrokerException>(() => command.ExecuteNonQueryAsync())).Failure);
    }

    [Fact]
    public Task Differs_several_statements_with_numbered_parameters_are_refused_in_other_words() => Compare.DiffersAsync(
        async (connection, seen) => await seen.TryAsync("both", () => connection.RunAsync("select $1; select $1", ("", 1))),
        ["both: SQLSTATE 42601"], ["both: SQLSTATE 0A000"]);

    [Fact]
    public async Task A_result_that_is_too_large_says_what_to_do()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var command = source.CreateCommand("select repeat('x', 1000) from generate_series(1, 20000)");
        var thrown = await Assert.ThrowsAsync<BrokerException>(() => command.ExecuteScalarAsync());
        Assert.IsType<ResultTooLarge>(thrown.Failure);
    }

    [Fact]
    public async Task A_database_that_is_not_configured_is_refused_by_its_name()
    {
        var sides = await Sides.BothAsync();
        await using var source = new BrokerDataSource(sides.Client, "shopp");
        await using var connection = source.OpenConnection();
        Assert.IsType<UnknownDatabase>((await Assert.ThrowsAsync<BrokerException>(() => connection.ScalarAsync("select 1"))).Failure);
    }
}
