using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>Values that their columns cannot hold. The server says so, whoever sent them is told by type and SQLSTATE, and goes on.</summary>
public sealed class BadValuesTests : RemoteStage
{
    private static readonly (string SqlState, Statement Insert)[] Cases =
    [
        ("22003", Statement.Of("insert into held (amount) values ($1)", 123456.78m)),
        ("22003", Statement.Of("insert into held (small) values ($1)", 70000)),
        ("22003", Statement.Of("insert into held (whole) values ($1)", long.MaxValue)),
        ("22003", Statement.Of("insert into held (single) values ($1)", 1e300)),
        ("22001", Statement.Of("insert into held (name) values ($1)", "six letters and more")),
        ("23502", Statement.Of("insert into held (whole, needed) values (1, $1)", Parameter.Null<string>())),
        ("23514", Statement.Of("insert into held (whole) values ($1)", -1)),
        ("42804", Statement.Of("insert into held (whole) values ($1)", "word")),
        ("22P02", Statement.Of("insert into held (whole) values ('text')")),
        ("22P02", Statement.Of("insert into held (id) values ($1::text::uuid)", "word")),
        ("22008", Statement.Of("insert into held (day) values ('2026-02-30')")),
        ("22007", Statement.Of("insert into held (day) values ($1::text::date)", "word")),
        ("22P02", Statement.Of("insert into held (body) values ($1::text::jsonb)", "{")),
        ("22021", Statement.Of("insert into held (name) values (convert_from($1, 'UTF8'))", new byte[] { 0xFF })),
    ];

    [Fact]
    public async Task A_value_that_a_column_cannot_hold_is_told_as_the_server_says_and_the_client_goes_on()
    {
        await StartAsync();
        var client = await ConnectAsync();
        await CreateAsync();

        foreach (var (sqlState, insert) in Cases)
        {
            var failure = await FailureOfAsync<StatementFailed>(async () => await client.ExecuteAsync("orders", insert));
            Assert.Equal((sqlState, insert.Text), (failure.SqlState, insert.Text));
        }

        Assert.Equal(1, await client.ExecuteAsync("orders", $"insert into held (whole) values ({1})"));
        Assert.Equal(1, await client.QuerySingleAsync<long>("orders", $"select count(*) from held"));
    }

    [Fact]
    public async Task In_a_conversation_it_is_told_likewise_and_the_conversation_goes_on_behind_a_rollback()
    {
        await StartAsync();
        var client = await ConnectAsync();
        await CreateAsync();
        await using var session = new SessionFactory(client, "orders").Open();

        foreach (var (sqlState, insert) in Cases)
        {
            await session.ExecuteAsync($"insert into held (whole) values (1)");
            var failure = await FailureOfAsync<StatementFailed>(async () => await session.ExecuteAsync(insert));
            Assert.Equal((sqlState, insert.Text), (failure.SqlState, insert.Text));
            await session.RollbackAsync();
        }
        await session.ExecuteAsync($"insert into held (whole) values (2)");
        await session.CommitAsync();

        Assert.Equal([2], await client.QueryAsync<int>("orders", $"select whole from held"));
    }

    private async Task CreateAsync() => await Broker.ExecuteAsync("orders", $"""
        create table held (
            whole int check (whole > 0), small smallint, single real, amount numeric(6, 2), name varchar(5),
            needed text not null default '', day date, id uuid, body jsonb)
        """);
}
