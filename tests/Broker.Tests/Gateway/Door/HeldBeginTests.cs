using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Postgres;
using Broker.Tests.Gateway.Links;
using Broker.Tests.Gateway.Wire;
using Npgsql;
using Xunit;
using static Broker.Tests.Gateway.Door.Talk;

namespace Broker.Tests.Gateway.Door;

/// <summary>A BEGIN that is sent with what comes behind it: nobody notices but by the link that is free meanwhile.</summary>
public sealed class HeldBeginTests
{
    private const string OneLink = "size = 1, overflow = 0";
    private const string Impatient = "timeouts.query-wait = 1s";

    [Fact]
    public async Task A_client_that_has_begun_and_thinks_keeps_no_link()
    {
        await using var door = await DoorStage.OpenAsync(Impatient, OneLink);
        using var thinker = await door.SpeakAsync();
        using var other = await door.SpeakAsync();

        Assert.Equal(("BEGIN", TransactionStatus.InTransaction), await SayAsync(thinker, "begin"));
        Assert.Equal(("CREATE TABLE", TransactionStatus.Idle), await SayAsync(other, "create table kept (n int)"));
        Assert.Equal(("INSERT 0 1", TransactionStatus.InTransaction), await SayAsync(thinker, "insert into kept values (1)"));
        Assert.Equal(("53300", TransactionStatus.Idle), await SayAsync(other, "insert into kept values (2)"));
        Assert.Equal(("ROLLBACK", TransactionStatus.Idle), await SayAsync(thinker, "rollback"));
        Assert.Equal(("INSERT 0 0", TransactionStatus.Idle), await SayAsync(other, "insert into kept select n from kept"));
    }

    [Theory]
    [InlineData("on")]
    [InlineData("off")]
    public async Task What_is_behind_it_is_in_the_transaction_whatever_it_is(string setting)
    {
        await using var door = await DoorStage.OpenAsync($"hold-begin = {setting}", OneLink);
        using var client = await door.SpeakAsync();
        await SayAsync(client, "create table kept (n int)");
        (string Begin, string Then, string Answer, TransactionStatus Stands)[] cases =
        [
            ("begin", "commit", "COMMIT", TransactionStatus.Idle),
            ("begin", "rollback", "ROLLBACK", TransactionStatus.Idle),
            ("begin", "wrong", "42601", TransactionStatus.Failed),
            ("begin", "begin", "BEGIN", TransactionStatus.InTransaction),
            ("start transaction", "savepoint one", "SAVEPOINT", TransactionStatus.InTransaction),
            ("begin read only", "insert into kept values (1)", "25006", TransactionStatus.Failed),
            ("begin", "set transaction isolation level serializable", "SET", TransactionStatus.InTransaction),
            ("begin", "insert into kept values (1); commit; insert into kept values (2)", "INSERT 0 1", TransactionStatus.Idle),
            ("begin", "vacuum", "25001", TransactionStatus.Failed),
            ("begin", "", "", TransactionStatus.InTransaction),
        ];
        foreach (var one in cases)
        {
            var tag = one.Begin[..5] == "start" ? "START TRANSACTION" : "BEGIN";
            Assert.Equal((tag, TransactionStatus.InTransaction), await SayAsync(client, one.Begin));
            Assert.Equal((one.Answer, one.Stands), await SayAsync(client, one.Then));
            await SayAsync(client, "rollback");
        }
        await SayAsync(client, "begin isolation level repeatable read");
        await client.SendAsync(Text("show transaction_isolation"));
        Assert.Equal("repeatable read", ValueIn(await client.ReceiveToReadyAsync()));
        Assert.Equal(("ROLLBACK", TransactionStatus.Idle), await SayAsync(client, "rollback"));
        await client.SendAsync(Text("select string_agg(n::text, ',' order by n) from kept"));
        Assert.Equal("1,2", ValueIn(await client.ReceiveToReadyAsync()));
    }

    [Fact]
    public async Task What_comes_in_one_piece_is_answered_in_order()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        using var client = await door.SpeakAsync();
        await SayAsync(client, "create table kept (n int)");

        for (var round = 0; round < 50; round++)
        {
            await client.SendAsync(
                Text("begin"), Sync.Instance, new Parse(WireText.Empty, WireText.Of("insert into kept values (1)"), []),
                new Bind(WireText.Empty, WireText.Empty, [], [], []), new Execute(WireText.Empty, 0), Sync.Instance, Text("commit"),
                    Text("begin"), Text("select 1"), Text("wrong"), Text("rollback"));
            var stands = new List<TransactionStatus>();
            for (var i = 0; i < 8; i++)
            {
                stands.Add(((ReadyForQuery)(await client.ReceiveToReadyAsync())[^1]).Status);
            }
            Assert.Equal("TTTITTEI", string.Concat(stands.Select(static one => (char)one)));
        }
        await client.SendAsync(Text("select count(*) from kept"));
        Assert.Equal("50", ValueIn(await client.ReceiveToReadyAsync()));
    }

    [Fact]
    public async Task An_unnamed_statement_ends_with_it_as_with_any_query()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        using var client = await door.SpeakAsync();
        await client.SendAsync(new Parse(WireText.Empty, WireText.Of("select 1"), []), Sync.Instance, Text("begin"),
            new Bind(WireText.Empty, WireText.Empty, [], [], []), Sync.Instance);

        await client.ReceiveToReadyAsync();
        await client.ReceiveToReadyAsync();
        Assert.Equal("26000", (await client.ReceiveToReadyAsync()).OfType<ErrorResponse>().Single().SqlState);
    }

    [Fact]
    public async Task One_that_gets_no_link_is_closed_and_told_why()
    {
        await using var door = await DoorStage.OpenAsync(Impatient, OneLink);
        using var holder = await door.SpeakAsync();
        using var client = await door.SpeakAsync();
        await SayAsync(holder, "begin; select 1");
        await SayAsync(client, "begin");
        await client.SendAsync(Text("select 1"));

        var error = Assert.IsType<ErrorResponse>(await client.ReceiveAsync());
        Assert.Equal(("FATAL", "53300"), (error['S'].ToString(), error.SqlState));
        await Assert.ThrowsAnyAsync<Exception>(client.ReceiveAsync);
    }

    [Fact]
    public async Task One_that_is_cancelled_while_it_waits_for_a_link_is_closed_and_told_why()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        using var holder = await door.SpeakAsync();
        using var client = await RawConnection.ConnectAsync(door.Port);
        var (login, _) = await client.LoginAsync(new NpgsqlConnectionStringBuilder(door.Direct).Username!, PgWire.Logins.Credential.None,
            database: "shop");
        await SayAsync(holder, "begin; select 1");
        await SayAsync(client, "begin");
        await client.SendAsync(Text("select 1"));
        using var end = new CancellationTokenSource();
        var cancelling = RawConnection.CancelUntilAsync(door.Port, login.Key!, end.Token);

        Assert.Equal("57014", Assert.IsType<ErrorResponse>(await client.ReceiveAsync()).SqlState);
        await end.CancelAsync();
        await cancelling;
        Assert.Equal(("COMMIT", TransactionStatus.Idle), await SayAsync(holder, "commit"));
    }

    [Theory]
    [InlineData("idle-in-transaction", "25P03")]
    [InlineData("transaction", "25P04")]
    public async Task Its_silence_is_limited_as_that_of_any_transaction(string setting, string sqlState)
    {
        await using var door = await DoorStage.OpenAsync($"timeouts.{setting} = 300ms", OneLink);
        using var client = await door.SpeakAsync();
        await SayAsync(client, "begin");

        Assert.Equal(sqlState, Assert.IsType<ErrorResponse>(await client.ReceiveAsync()).SqlState);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_behind_one_that_the_server_refuses_is_carried_out(bool extended)
    {
        // makes of each BEGIN something that the server refuses
        await using var between = new Relay(await SharedPostgres.CreateDatabaseAsync())
            { Change = static said => said.Replace("\0begin\0", "\0bogus\0", StringComparison.Ordinal) };
        await using var door = await DoorStage.OpenAsync(pool: OneLink, at: between.ConnectionString);
        using var client = await door.SpeakAsync();
        using var next = await door.SpeakAsync();
        await SayAsync(client, "create table kept (n int)");

        await SayAsync(client, "begin");
        await client.SendAsync(extended
            ? [new Parse(WireText.Empty, WireText.Of("insert into kept values (1)"), []),
                new Bind(WireText.Empty, WireText.Empty, [], [], []), new Execute(WireText.Empty, 0), Sync.Instance]
            : [Text("insert into kept values (1)")]);
        var error = Assert.IsType<ErrorResponse>(await client.ReceiveAsync());
        Assert.Equal(("FATAL", "42601"), (error['S'].ToString(), error.SqlState));
        Assert.StartsWith("the transaction was not begun: ", error.Text, StringComparison.Ordinal);
        await next.SendAsync(Text("select count(*) from kept"));
        Assert.Equal("0", ValueIn(await next.ReceiveToReadyAsync()));
    }
}
