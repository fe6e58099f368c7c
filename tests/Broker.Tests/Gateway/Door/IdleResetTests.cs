using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Tests.Gateway.Wire;
using Npgsql;
using Xunit;
using static Broker.Tests.Gateway.Door.Talk;

namespace Broker.Tests.Gateway.Door;

/// <summary>
/// What makes a session as new, of a client of which no server's session holds anything: it needs none, and leaves what is prepared there
/// for all.
/// </summary>
public sealed class IdleResetTests
{
    private const string OneLink = "size = 1, overflow = 0";
    private const string Impatient = "timeouts.query-wait = 1s";

    [Theory]
    [InlineData("discard all")]
    [InlineData("DISCARD ALL ;\n")]
    public async Task It_needs_no_link_and_ends_the_clients_statements(string text)
    {
        await using var door = await DoorStage.OpenAsync(Impatient, OneLink);
        using var client = await door.SpeakAsync();
        using var holder = await door.SpeakAsync();
        await client.SendAsync(Parse("mine", "select 1"), Parse("", "select 2"), Sync.Instance);
        await client.ReceiveToReadyAsync();
        Assert.Equal(("BEGIN", TransactionStatus.InTransaction), await SayAsync(holder, "begin; select 1"));

        Assert.Equal(("DISCARD ALL", TransactionStatus.Idle), await SayAsync(client, text));
        Assert.Equal("53300", (await SayAsync(client, "select 1")).Answer);

        await SayAsync(holder, "rollback");
        Assert.Equal("26000", await BindAsync(client, "mine"));
        Assert.Equal("26000", await BindAsync(client, ""));
        await client.SendAsync(Parse("mine", "select 3"), Sync.Instance);
        Assert.Empty((await client.ReceiveToReadyAsync()).OfType<ErrorResponse>());
    }

    [Theory]
    [InlineData(
        "SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;SELECT pg_advisory_unlock_all();DISCARD SEQUENCES;DISCARD TEMP")]
    [InlineData("SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;")]
    [InlineData("deallocate all; discard plans")]
    [InlineData("discard all")]
    public async Task It_is_answered_as_by_the_server(string text)
    {
        await using var door = await DoorStage.OpenAsync(Impatient, OneLink);
        using var plain = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        using var holder = await door.SpeakAsync();
        await SayAsync(other, "set work_mem = '77kB'");
        await other.SendAsync(Text(text));
        var byTheServer = (await other.ReceiveToReadyAsync()).Select(Shown).ToArray();
        Assert.Equal(("BEGIN", TransactionStatus.InTransaction), await SayAsync(holder, "begin; select 1"));

        await plain.SendAsync(Text(text));

        Assert.Equal(byTheServer, (await plain.ReceiveToReadyAsync()).Select(Shown));
        Assert.Contains(byTheServer,
            static one => one.Contains("RESET", StringComparison.Ordinal) || one.Contains("ALL", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("reset all; select 1")]
    [InlineData("discard all; reset all")]
    [InlineData(";")]
    public async Task What_is_anything_else_beside_is_the_servers_to_do(string text)
    {
        await using var door = await DoorStage.OpenAsync(Impatient, OneLink);
        using var client = await door.SpeakAsync();
        using var holder = await door.SpeakAsync();
        Assert.Equal(("BEGIN", TransactionStatus.InTransaction), await SayAsync(holder, "begin; select 1"));

        Assert.Equal("53300", (await SayAsync(client, text)).Answer);
    }

    [Fact]
    public async Task Statements_of_names_outlive_all_but_what_ends_them()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        using var client = await door.SpeakAsync();
        await client.SendAsync(Parse("mine", "select 1"), Parse("", "select 2"), Sync.Instance);
        await client.ReceiveToReadyAsync();

        await SayAsync(client, "reset all; close all");
        Assert.Null(await BindAsync(client, "mine"));
        Assert.Equal("26000", await BindAsync(client, ""));
        await SayAsync(client, "deallocate all");
        Assert.Equal("26000", await BindAsync(client, "mine"));
    }

    [Theory]
    [InlineData("set work_mem = '77kB'", "work_mem", "77kB")]
    [InlineData("set datestyle = 'German'", "datestyle", "German, DMY")]
    public async Task What_the_client_has_set_is_undone_by_the_server(string set, string name, string value)
    {
        await using var door = await DoorStage.OpenAsync(Impatient, OneLink);
        using var client = await door.SpeakAsync();
        using var holder = await door.SpeakAsync();
        var before = await AskAsync(client, $"show {name}");
        await SayAsync(client, set);
        Assert.Equal(value, await AskAsync(client, $"show {name}"));
        Assert.Equal(("BEGIN", TransactionStatus.InTransaction), await SayAsync(holder, "begin; select 1"));

        Assert.Equal("53300", (await SayAsync(client, "discard all")).Answer);

        await SayAsync(holder, "rollback");
        Assert.Equal(("DISCARD ALL", TransactionStatus.Idle), await SayAsync(client, "discard all"));
        Assert.Equal(before, await AskAsync(client, $"show {name}"));
        Assert.Equal(("BEGIN", TransactionStatus.InTransaction), await SayAsync(holder, "begin; select 1"));
        Assert.Equal(("DISCARD ALL", TransactionStatus.Idle), await SayAsync(client, "discard all"));
    }

    [Fact]
    public async Task Within_a_transaction_it_is_the_servers_to_refuse()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        using var client = await door.SpeakAsync();
        foreach (var begin in new[] { "begin", "begin; select 1" })
        {
            await SayAsync(client, begin);
            Assert.Equal(("25001", TransactionStatus.Failed), await SayAsync(client, "discard all"));
            Assert.Equal(("ROLLBACK", TransactionStatus.Idle), await SayAsync(client, "rollback"));
        }
    }

    [Theory]
    [InlineData("transaction")]
    [InlineData("session")]
    [InlineData("statement")]
    public async Task What_a_session_of_a_server_holds_of_the_client_is_gone_behind_it(string mode)
    {
        await using var door = await DoorStage.OpenAsync($"mode = {mode}", OneLink);
        using var client = await door.SpeakAsync();
        await using var direct = await door.GoRoundAsync();
        await SayAsync(client, "create temp table mine (n int)");
        await SayAsync(client, "select pg_advisory_lock(42)");

        Assert.Equal(("DISCARD ALL", TransactionStatus.Idle), await SayAsync(client, "discard all"));

        // In the other modes than session it is the release of the link that frees it, which nobody waits for.
        await using var free = new NpgsqlCommand("set statement_timeout = '30s'; select pg_advisory_lock(42)", direct);
        await free.ExecuteNonQueryAsync();
        Assert.Equal("42P01", (await SayAsync(client, "select * from mine")).Answer);
    }

    [Fact]
    public async Task What_is_prepared_for_all_stays_when_one_of_them_sends_it()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        await using var source = NpgsqlDataSource.Create(door.Through(static text => text.Pooling = true));
        using var other = await door.SpeakAsync();
        const string Prepared = "select count(*)::text from pg_prepared_statements";
        for (var i = 0; i < 2; i++)
        {
            await using var command = source.CreateCommand("select 42");
            Assert.Equal(42, await command.ExecuteScalarAsync());
        }
        var before = await AskAsync(other, Prepared);
        for (var i = 0; i < 5; i++)
        {
            await using var command = source.CreateCommand("select 42");
            Assert.Equal(42, await command.ExecuteScalarAsync());
        }
        Assert.NotEqual("0", before);
        Assert.Equal(before, await AskAsync(other, Prepared));
    }

    private static async Task<string?> BindAsync(RawConnection client, string statement)
    {
        await client.SendAsync(new Bind(WireText.Empty, WireText.Of(statement), [], [], []), Sync.Instance);
        return StateIn(await client.ReceiveToReadyAsync());
    }

    private static string Shown(IBackendMessage message) => message switch
    {
        CommandComplete complete => $"done {complete.Tag}",
        RowDescription columns => string.Join(", ", columns.Fields),
        DataRow row => string.Join(", ",
            row.Values.Select(static value => value is { } bytes ? Convert.ToHexString(bytes.Span) + "." : "null")),
        ReadyForQuery ready => $"ready {ready.Status}",
        _ => message.GetType().Name,
    };

    private static Parse Parse(string name, string text) => new(WireText.Of(name), WireText.Of(text), []);
}
