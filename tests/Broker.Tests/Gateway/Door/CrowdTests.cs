using System.Net.Sockets;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>Many clients on few server connections, and clients and servers that die in the middle of something.</summary>
public sealed class CrowdTests
{
    [Fact]
    public async Task Two_thousand_clients_at_once_share_five_server_connections()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 5, overflow = 0, acquire-timeout = 2m");
        var connections = new NpgsqlConnection[2_000];
        for (var i = 0; i < connections.Length; i += 100)
        {
            await Task.WhenAll(Enumerable.Range(i, 100).Select(async at => connections[at] = await door.ConnectAsync()));
        }

        await Task.WhenAll(connections.Select(async (connection, number) =>
        {
            await using var command = new NpgsqlCommand($"begin; select {number}; commit", connection);
            Assert.Equal(number, await command.ExecuteScalarAsync());
            await using var again = new NpgsqlCommand($"select {number} + 1", connection);
            Assert.Equal(number + 1, await again.ExecuteScalarAsync());
        })).WaitAsync(TimeSpan.FromMinutes(2));

        Assert.InRange(await BackendsAsync(door), 1, 5);
        await Task.WhenAll(connections.Select(static connection => connection.DisposeAsync().AsTask()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("select pg_sleep(60)")]
    [InlineData("begin")]
    [InlineData("begin; select 1 / 0")]
    [InlineData("copy kept from stdin")]
    [InlineData("copy (select * from generate_series(1, 100000000)) to stdout")]
    [InlineData("create temp table left_over(); set statement_timeout = '3s'; select pg_advisory_lock(7)")]
    public async Task A_client_that_vanishes_leaves_nothing_behind(string sql)
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await using var direct = new NpgsqlConnection(door.Direct);
        await direct.OpenAsync();
        await RunAsync(direct, "create table kept (n int)");
        using (var client = await SayAsync(door, sql))
        {
            await Eventually.SucceedsAsync(async () => Assert.True(sql.Length == 0 || await BackendsAsync(door) == 1));
            client.LingerState = new(true, 0);
        }

        await using var next = await door.ConnectAsync();
        Assert.Equal("0/false/0", await next.ScalarAsync(
            "select (select count(*) from pg_locks l, pg_database d where l.locktype = 'advisory' and l.database = d.oid and d.datname = current_database()) || '/' || (to_regclass('pg_temp.left_over') is not null) || '/' || current_setting('statement_timeout')"));
        await RunAsync(next, "insert into kept values (1)");
        Assert.Equal(1L, await direct.ScalarAsync("select count(*) from kept"));
    }

    [Theory]
    [InlineData("", "idle")]
    [InlineData("begin; select 1", "idle in transaction")]
    [InlineData("select pg_sleep(60)", "active")]
    public async Task A_server_process_that_is_killed_costs_its_client_and_nobody_else(string sql, string state)
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await using var direct = new NpgsqlConnection(door.Direct);
        await direct.OpenAsync();
        using var client = await SayAsync(door, sql);
        // there, and with what was said: a server process that ends before it hears of that costs nobody anything
        await Eventually.SucceedsAsync(async () => Assert.Equal((1, state), (await BackendsAsync(door), await direct.ScalarAsync(
            "select max(state) from pg_stat_activity where datname = current_database() and application_name like '%roker%'"))));
        await RunAsync(direct,
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");

        // whoever comes before the gateway has heard of it is told what the server says
        await Eventually.SucceedsAsync(async () =>
        {
            await using var next = await door.ConnectAsync();
            Assert.Equal(1, await next.ScalarAsync("select 1"));
        });
    }

    /// <summary>Logs in by hand and says something, without a look at what is answered.</summary>
    private static async Task<Socket> SayAsync(DoorStage door, string sql)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", door.Port);
        var user = WireText.Of(new NpgsqlConnectionStringBuilder(door.Direct).Username!);
        await SendAsync(socket,
            new StartupMessage(ProtocolVersion.V30, [new(WireText.Of("user"), user), new(WireText.Of("database"), WireText.Of("shop"))]));
        var (reader, buffer, unread) = (new FrameReader(FrameLimits.Backend, 4096), new byte[16 * 1024], 0);
        for (var ready = false; !ready;)
        {
            unread += await socket.ReceiveAsync(buffer.AsMemory(unread));
            var bytes = new System.Buffers.ReadOnlySequence<byte>(buffer, 0, unread);
            while (reader.TryRead(ref bytes, out var frame))
            {
                ready |= (BackendType)frame.Type is BackendType.ReadyForQuery;
            }
            buffer.AsSpan(unread - (int)bytes.Length, (int)bytes.Length).CopyTo(buffer);
            unread = (int)bytes.Length;
        }
        if (sql.Length > 0)
        {
            await SendAsync(socket, new Query(WireText.Of(sql)));
        }
        return socket;
    }

    private static async Task SendAsync(Socket socket, IWireMessage message)
    {
        var writer = new WireWriter();
        message.Write(writer);
        await socket.SendAsync(writer.Written);
    }

    private static async Task<int> BackendsAsync(DoorStage door)
    {
        await using var direct = new NpgsqlConnection(door.Direct);
        await direct.OpenAsync();
        return (int)(long)(await direct.ScalarAsync(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' and application_name like '%roker%'"))!;
    }

    private static Task<object?> RunAsync(NpgsqlConnection connection, string sql) => connection.ScalarAsync(sql);
}
