using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Both;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Postgres;
using Broker.Tests.Gateway.Links;
using Broker.Tests.Gateway.Wire;
using Npgsql;
using Xunit;
using static Broker.Tests.Gateway.Door.Talk;

namespace Broker.Tests.Gateway.Door;

/// <summary>When a client's link is free for others, when it is not, and what becomes of it when it or its client is gone.</summary>
public sealed class ReleaseTests
{
    private const string OneLink = "size = 1, overflow = 0";
    private const string Impatient = "timeouts.query-wait = 1s";

    [Fact]
    public async Task A_link_is_free_before_its_client_can_know_that_it_is_done()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        using var one = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        var process = await PidAsync(one);

        for (var round = 0; round < 300; round++)
        {
            Assert.Equal(process, await PidAsync(round % 2 == 0 ? other : one));
        }
    }

    [Fact]
    public async Task What_a_client_sends_while_its_link_changes_hands_is_answered_in_order()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        var clients = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => door.SpeakAsync()));

        await Task.WhenAll(clients.Select(async (client, number) =>
        {
            await client.SendAsync([.. Enumerable.Range(0, 200).Select(at => Text($"begin; select {(number * 1000) + at}; commit"))]);
            for (var at = 0; at < 200; at++)
            {
                Assert.Equal($"{(number * 1000) + at}", ValueIn(await client.ReceiveToReadyAsync()));
            }
        }));
        Array.ForEach(clients, static client => client.Dispose());
    }

    [Fact]
    public async Task A_slow_reader_whose_answer_the_gateway_holds_has_no_link()
    {
        await using var door = await DoorStage.OpenAsync($"buffer.backlog = 256KiB, {Impatient}", OneLink);
        using var slow = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        await slow.SendAsync(Text("begin; select repeat('x', 1000) from generate_series(1, 200); commit"));

        // whoever comes behind it gets the link, though nothing of that was read
        await Eventually.SucceedsAsync(async () => Assert.NotNull(await PidAsync(other)));
        Assert.Equal(200, (await slow.ReceiveToReadyAsync()).Count(static message => message is DataRow));
    }

    [Fact]
    public async Task A_slow_reader_of_more_than_the_gateway_holds_keeps_its_link_and_loses_nothing()
    {
        await using var door = await DoorStage.OpenAsync($"buffer.backlog = 256KiB, {Impatient}", OneLink);
        using var slow = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        await using var direct = await door.GoRoundAsync();
        await slow.SendAsync(Text("begin; select repeat('x', 1000) || n from generate_series(1, 60000) n; commit"));
        await WaitForAsync(direct, "wait_event = 'ClientWrite'");

        await other.SendAsync(Text("begin; select 1; commit"));
        Assert.Equal("53300", StateIn(await other.ReceiveToReadyAsync()));
        var rows = (await slow.ReceiveToReadyAsync()).OfType<DataRow>().ToList();
        Assert.Equal(60_000, rows.Count);
        Assert.EndsWith("x60000", Encoding.ASCII.GetString(rows[^1].Values[0]!.Value.Span), StringComparison.Ordinal);
        await Eventually.SucceedsAsync(async () => Assert.NotNull(await PidAsync(other)));
    }

    [Fact]
    public async Task Data_of_a_COPY_that_was_refused_does_not_keep_the_link_when_its_last_piece_comes_late()
    {
        await using var door = await DoorStage.OpenAsync("timeouts.query-wait = 10s", OneLink);
        await using (var direct = await door.GoRoundAsync())
        {
            await RunAsync(direct, "create table numbers (n int)");
        }
        using var one = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        await one.SendAsync(Text("copy numbers from stdin"));
        Assert.IsType<CopyInResponse>(await one.ReceiveAsync());

        // behind a row that is none a message of 20,000 bytes has begun, which is too long to be held whole
        await one.SendAsync(new CopyData("abc\n"u8.ToArray()), new Raw([(byte)'d', 0, 0, 0x4E, 0x24, .. new byte[9_000]]));
        Assert.Equal("22P02", StateIn(await one.ReceiveToReadyAsync()));
        await one.SendAsync(new Raw(new byte[11_000]), CopyDone.Instance);

        await other.SendAsync(Text("begin; select 1; commit"));
        Assert.Null(StateIn(await other.ReceiveToReadyAsync()));
        Assert.NotNull(await PidAsync(one));
    }

    [Fact]
    public async Task A_login_that_ends_while_it_waits_for_a_link_takes_none_with_it()
    {
        await using var door = await DoorStage.OpenAsync("timeouts { query-wait = 20s, client-login = 3s }", OneLink);
        using var holder = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        await holder.SendAsync(Text("begin; select 1"));
        await holder.ReceiveToReadyAsync();

        // what it wishes is tried on a link
        Assert.Equal("57014",
            (await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync(static text => text.Timezone = "Asia/Tokyo"))).SqlState);
        await holder.SendAsync(Text("commit"));
        await holder.ReceiveToReadyAsync();
        await other.SendAsync(Text("begin; select 1; commit"));
        Assert.Null(StateIn(await other.ReceiveToReadyAsync()));
    }

    [Theory]
    [InlineData("begin; select 1; commit")]
    [InlineData("select 1")]
    public async Task A_client_that_hangs_up_while_it_waits_for_a_link_is_gone_at_once(string sql)
    {
        await using var door = await DoorStage.OpenAsync("max-clients = 2, timeouts.query-wait = 60s", OneLink);
        using var holder = await door.SpeakAsync();
        await holder.SendAsync(Text("begin; select 1"));
        await holder.ReceiveToReadyAsync();
        using var waiting = await door.SpeakAsync();
        await waiting.SendAsync(Text(sql));
        Assert.Equal("53300", (await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync())).SqlState);

        waiting.HangUp();

        await Eventually.SucceedsAsync(async () =>
        {
            using var next = await RawConnection.ConnectAsync(door.Port);
            Assert.Null((await next.LoginAsync(new NpgsqlConnectionStringBuilder(door.Direct).Username!, Credential.None,
                database: "shop")).Failed);
        });
        await holder.SendAsync(Text("commit"));
        await holder.ReceiveToReadyAsync();
        Assert.NotNull(await PidAsync(holder));
    }

    [Fact]
    public async Task A_client_that_has_said_its_last_word_while_it_waits_keeps_its_place()
    {
        await using var door = await DoorStage.OpenAsync("max-clients = 2, timeouts.query-wait = 20s", OneLink);
        using var holder = await door.SpeakAsync();
        using var waiting = await door.SpeakAsync();
        await waiting.SendAsync(Text("select 1"));
        await waiting.ReceiveToReadyAsync();
        await holder.SendAsync(Text("begin; select 1"));
        await holder.ReceiveToReadyAsync();

        await waiting.SendAsync(Text("select 'heard'"));
        waiting.EndWriting();
        Assert.Equal("53300", (await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync())).SqlState);
        await holder.SendAsync(Text("commit"));
        Assert.Equal("heard", ValueIn(await waiting.ReceiveToReadyAsync()));
    }

    [Fact]
    public async Task What_a_client_said_at_its_end_is_said_to_no_server_by_another()
    {
        await using var door = await DoorStage.OpenAsync("timeouts.query-wait = 20s", OneLink);
        using var holder = await door.SpeakAsync();
        using var leaving = await door.SpeakAsync();
        await holder.SendAsync(Text("begin; select 1"));
        await holder.ReceiveToReadyAsync();

        // when it gets the link, its end is read in one go with what it said before
        await leaving.SendAsync(Text("begin; select 'not mine'; commit"));
        leaving.EndWriting();
        await holder.SendAsync(Text("commit"));
        await holder.ReceiveToReadyAsync();

        for (var round = 0; round < 10; round++)
        {
            await holder.SendAsync(Text("begin; select 'mine'; commit"));
            Assert.Equal("mine", ValueIn(await holder.ReceiveToReadyAsync()));
        }
    }

    [Fact]
    public async Task A_cancel_that_comes_when_its_statement_ends_hits_nobody_who_gets_the_link_next()
    {
        await using var door = await DoorStage.OpenAsync("loops = 1", OneLink);
        using var cancelled = await RawConnection.ConnectAsync(door.Port);
        var (login, _) = await cancelled.LoginAsync(new NpgsqlConnectionStringBuilder(door.Direct).Username!, Credential.None,
            database: "shop");
        using var next = await door.SpeakAsync();
        using var end = new CancellationTokenSource();
        var cancelling = Enumerable.Range(0, 2).Select(_ => RawConnection.CancelUntilAsync(door.Port, login.Key!, end.Token)).ToArray();
        using var stop = new CancellationTokenSource();
        var working = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await cancelled.SendAsync(Text("select pg_sleep(0.0005)"));
                await cancelled.ReceiveToReadyAsync();
            }
        });

        for (var round = 0; round < 100; round++)
        {
            await next.SendAsync(Text("select pg_sleep(0.005)"));
            Assert.Null(StateIn(await next.ReceiveToReadyAsync()));
        }
        await stop.CancelAsync();
        await working;
        await end.CancelAsync();
        await Task.WhenAll(cancelling);
    }

    [Fact]
    public async Task A_portal_of_which_rows_are_left_keeps_the_link_to_the_Sync()
    {
        await using var door = await DoorStage.OpenAsync(Impatient, OneLink);
        using var reader = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        await reader.SendAsync(Parsed("select * from generate_series(1, 5)"), Bound(""), Rows("", 2), Flush.Instance);
        Assert.Equal(["ParseComplete", "BindComplete", "DataRow", "DataRow", "PortalSuspended"], await NamesAsync(reader, 5));

        await other.SendAsync(Text("begin; select 1; commit"));
        Assert.Equal("53300", StateIn(await other.ReceiveToReadyAsync()));
        await reader.SendAsync(Rows("", 2), Rows("", 0), Sync.Instance);
        Assert.Equal(["DataRow", "DataRow", "PortalSuspended", "DataRow", "CommandComplete", "ReadyForQuery"], await NamesAsync(reader, 6));
        await Eventually.SucceedsAsync(async () => Assert.NotNull(await PidAsync(other)));
    }

    [Fact]
    public async Task A_named_portal_lives_to_the_end_of_its_transaction_and_no_longer()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 2, overflow = 0");
        using var reader = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        await reader.SendAsync(Text("begin; select 1"));
        await reader.ReceiveToReadyAsync();
        await reader.SendAsync(Parsed("select * from generate_series(1, 5)"), Bound("p"), Rows("p", 1), Sync.Instance);
        Assert.Equal("1", ValueIn(await reader.ReceiveToReadyAsync()));
        await PidAsync(other);

        await reader.SendAsync(Rows("p", 1), Sync.Instance);
        Assert.Equal("2", ValueIn(await reader.ReceiveToReadyAsync()));
        await reader.SendAsync(Text("commit"));
        await reader.ReceiveToReadyAsync();
        await reader.SendAsync(Rows("p", 1), Sync.Instance);
        Assert.Equal("34000", StateIn(await reader.ReceiveToReadyAsync()));
    }

    [Theory]
    [InlineData("select 1")]
    [InlineData("begin; insert into kept values (1)")]
    [InlineData("begin; select 1 / 0")]
    public async Task Who_leaves_ends_its_transaction_and_not_its_link(string before)
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        await using var direct = await door.GoRoundAsync();
        await RunAsync(direct, "create table kept (n int)");
        string? process;
        using (var leaving = await door.SpeakAsync())
        {
            process = await PidAsync(leaving);
            await leaving.SendAsync(Text(before));
            await leaving.ReceiveToReadyAsync();
            await leaving.SendAsync(Terminate.Instance);
            await Assert.ThrowsAnyAsync<Exception>(leaving.ReceiveAsync);
        }

        using var next = await door.SpeakAsync();
        Assert.Equal(process, await PidAsync(next));
        await next.SendAsync(Text("select count(*) from kept"));
        Assert.Equal("0", ValueIn(await next.ReceiveToReadyAsync()));
    }

    [Theory]
    [InlineData("begin; insert into kept values (1); commit", "08007")]
    [InlineData("insert into kept values (1)", "08007")]
    public async Task What_was_sent_to_a_server_that_is_lost_is_told_to_be_unknown_and_never_sent_again(string sql, string state)
    {
        var database = await SharedPostgres.CreateDatabaseAsync();
        await using var between = new FakeServer(stream => CarryUntilAsync(stream, new(database), "insert into kept"));
        await using var door = await DoorStage.OpenAsync(pool: OneLink, at: At(database, between.Port));
        await using var direct = new NpgsqlConnection(database);
        await direct.OpenAsync();
        await RunAsync(direct, "create table kept (n int)");
        using var client = await door.SpeakAsync();
        await client.SendAsync(Text(sql));

        Assert.Equal(state, Assert.IsType<ErrorResponse>(await client.ReceiveAsync()).SqlState);
        await Assert.ThrowsAnyAsync<Exception>(client.ReceiveAsync);
        using var next = await door.SpeakAsync();
        await next.SendAsync(Text("begin; select count(*) from kept; commit"));
        Assert.Equal("1", ValueIn(await next.ReceiveToReadyAsync()));
    }

    [Fact]
    public async Task A_transaction_whose_server_is_lost_between_two_statements_is_told_so()
    {
        var database = await SharedPostgres.CreateDatabaseAsync();
        using var cut = new CancellationTokenSource();
        await using var between = new FakeServer(stream => CarryUntilAsync(stream, new(database), "nothing", cut.Token));
        await using var door = await DoorStage.OpenAsync(pool: OneLink, at: At(database, between.Port));
        using var client = await door.SpeakAsync();
        await client.SendAsync(Text("begin; select 1"));
        await client.ReceiveToReadyAsync();
        await cut.CancelAsync();

        Assert.Equal("08006", Assert.IsType<ErrorResponse>(await client.ReceiveAsync()).SqlState);
    }

    private static string At(string database, int port) =>
        new NpgsqlConnectionStringBuilder(database) { Host = "127.0.0.1", Port = port }.ConnectionString;

    /// <summary>
    /// Carries both ways; a client's bytes with these words are still carried to the server and carried out there, and then all ends
    /// without an answer.
    /// </summary>
    private static async Task CarryUntilAsync(NetworkStream client, NpgsqlConnectionStringBuilder target, string words,
        CancellationToken cut = default)
    {
        using var server = new TcpClient { NoDelay = true };
        await server.ConnectAsync(target.Host!, target.Port, CancellationToken.None);
        await using var stream = server.GetStream();
        var isHeard = false;
        async Task ThereAsync()
        {
            var buffer = new byte[64 * 1024];
            while (await client.ReadAsync(buffer, cut) is var count and > 0)
            {
                isHeard |= Encoding.ASCII.GetString(buffer, 0, count).Contains(words, StringComparison.Ordinal);
                await stream.WriteAsync(buffer.AsMemory(0, count), cut);
            }
        }
        async Task BackAsync()
        {
            var buffer = new byte[64 * 1024];
            while (await stream.ReadAsync(buffer, cut) is var count and > 0 && !isHeard)
            {
                await client.WriteAsync(buffer.AsMemory(0, count), cut);
            }
        }
        await Task.WhenAny(ThereAsync(), BackAsync());
    }

    private static Parse Parsed(string sql) => new(WireText.Empty, WireText.Of(sql), []);

    private static Bind Bound(string portal) => new(WireText.Of(portal), WireText.Empty, [], [], []);

    private static Execute Rows(string portal, int most) => new(WireText.Of(portal), most);

    private static async Task<List<string>> NamesAsync(RawConnection connection, int count)
    {
        var names = new List<string>();
        while (names.Count < count)
        {
            names.Add((await connection.ReceiveAsync()).GetType().Name);
        }
        return names;
    }

    /// <summary>Of the process that carried this out, in a transaction of its own.</summary>
    private static async Task<string?> PidAsync(RawConnection connection)
    {
        await connection.SendAsync(Text("begin; select pg_backend_pid(); commit"));
        var answer = await connection.ReceiveToReadyAsync();
        Assert.Null(StateIn(answer));
        return ValueIn(answer);
    }

    private static Task WaitForAsync(NpgsqlConnection direct, string what) => Eventually.SucceedsAsync(async () =>
    {
        await using var command = new NpgsqlCommand(
            $"select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and {what}", direct);
        Assert.Equal("1", Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture));
    });

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private sealed record Raw(byte[] Bytes) : IWireMessage
    {
        public void Write(WireWriter writer) => writer.Bytes(Bytes);
    }
}
