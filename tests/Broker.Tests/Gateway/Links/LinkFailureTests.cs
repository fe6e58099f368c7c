using System.Net;
using System.Net.Sockets;
using System.Text;
using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Gateway.Links;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Links;

/// <summary>Links that come to nothing, and links that end though nobody wanted it.</summary>
public sealed class LinkFailureTests : IAsyncLifetime
{
    private string _database = null!;

    public async Task InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_nobody_listens_that_is_the_failure(bool portable)
    {
        // taken, so that nobody else can listen there meanwhile
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var stage = At(portable, ((IPEndPoint)taken.LocalEndPoint!).Port);
        Assert.Contains("Connection refused", Assert.IsType<ServerUnavailable>(await stage.FailAsync()).Cause, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_Unix_socket_that_is_not_there_is_a_failure(bool portable)
    {
        await using var stage = LinkStage.Of(portable, "host = \"/nowhere\"", "user = somebody");
        Assert.Equal("/nowhere:5432", Assert.IsType<ServerUnavailable>(await stage.FailAsync()).Server);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_Unix_socket_whose_line_is_full_is_tried_again_until_it_is_not(bool portable)
    {
        var folder = Directory.CreateTempSubdirectory("broker-line-").FullName;
        var address = new UnixDomainSocketEndPoint($"{folder}/.s.PGSQL.5432");
        using var listener = Unix();
        listener.Bind(address);
        listener.Listen(1);
        var others = new List<Socket>();
        try
        {
            while (true)
            {
                others.Add(Unix());
                others[^1].Blocking = false;
                others[^1].Connect(address);
            }
        }
        catch (SocketException full) when (full.SocketErrorCode is SocketError.WouldBlock)
        {
            // the last one has found no place
        }
        await using var stage = LinkStage.Of(portable, $"host = \"{folder}\"", "user = somebody");
        await stage.MakeAsync();

        for (var i = 0; i < others.Count - 1; i++)
        {
            (await listener.AcceptAsync()).Dispose();
        }
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        (await listener.AcceptAsync(limit.Token)).Dispose();

        Assert.IsType<ServerUnavailable>((await stage.HearAsync<LinkEvents.OpenFailed>()).Failure);
        others.ForEach(static one => one.Dispose());
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_name_that_nobody_knows_is_a_failure(bool portable)
    {
        await using var stage = LinkStage.Of(portable, "host = \"nobody.invalid\"", "user = somebody");
        Assert.IsType<ServerUnavailable>(await stage.FailAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_never_answers_fails_the_link_in_time_and_names_the_setting(bool portable)
    {
        await using var silent = new FakeServer();
        foreach (var tls in new[] { "disable", "require" })
        {
            await using var stage = At(portable, silent.Port, $"connect-timeout = 200ms, tls = {tls}");
            var failure = Assert.IsType<ServerUnavailable>(await stage.FailAsync());
            Assert.Equal("no answer within 0.2 s (broker.servers.main.connect-timeout)", failure.Cause);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "it is no PostgreSQL server")]
    [InlineData("R\0\0\0\u0003", "it is no PostgreSQL server")]
    [InlineData("R\0\0\0\u0008\0\0\0\u0063", "it is no PostgreSQL server")]
    [InlineData("R\0\0\0\u0008\0\0\0\0D\0\0\0\u0006\0\0", "the server sent DataRow")]
    [InlineData("R\0\0\0\u0008\0\0\0\0N\u0001\0\0\0x", "a message of type N")]
    [InlineData("R\0\0\0\u0008\0\0\0\0Z\0\0\0\u0005IC\0\0\0\u0007OK\0", "it sent CommandComplete")]
    [InlineData("R\0\0\0\u0008\0\0\0\0Z\0\0\0\u0005I1\0\0\0\u00042\0\0\0\u0004D\0\0\0\u0006\0\0", "it does not say which process it is")]
    [InlineData("", "it closed the connection")]
    public async Task A_server_that_talks_nonsense_is_a_failure_that_says_so(string answer, string cause)
    {
        await using var server = new FakeServer(async stream =>
        {
            _ = await stream.ReadAtLeastAsync(new byte[1000], 8);
            await stream.WriteAsync(answer.Select(static letter => (byte)letter).Concat(answer.EndsWith('x') ? new byte[5000] : [])
                .ToArray());
            if (answer.Length > 0)
            {
                await stream.CopyToAsync(Stream.Null);
            }
        });
        foreach (var portable in new[] { false, true })
        {
            await using var stage = At(portable, server.Port);
            Assert.Contains(cause, Assert.IsType<ServerUnavailable>(await stage.FailAsync()).Cause, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_server_says_at_the_login_may_come_byte_by_byte(bool portable)
    {
        await using var relay = new Relay(_database) { InSingleBytes = true };
        await using var stage = LinkStage.For(portable, relay.ConnectionString);
        var link = await stage.OpenAsync();
        Assert.Equal($"{link.Backend.Pid}", await stage.QueryAsync(link, "select pg_backend_pid()"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_database_that_does_not_exist_is_refused_by_the_server(bool portable)
    {
        var target = new NpgsqlConnectionStringBuilder(_database) { Database = "missing" };
        await using var stage = LinkStage.For(portable, target.ConnectionString);
        Assert.Equal("3D000", Assert.IsType<LoginRefused>(await stage.FailAsync()).ServerSqlState);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_idle_link_passes_notifications_over_and_ends_quietly_when_its_process_is_ended(bool portable)
    {
        await using var stage = LinkStage.For(portable, _database);
        var link = await stage.OpenAsync();
        await stage.QueryAsync(link, "listen news");
        await using var source = NpgsqlDataSource.Create(_database);
        await using var command = source.CreateCommand(
            $"select pg_notify('news', i || repeat('x', 7000)) from generate_series(1, 100) i; select pg_terminate_backend({link.Backend.Pid})");
        await command.ExecuteNonQueryAsync();

        var closed = await stage.HearAsync<LinkEvents.Closed>();

        Assert.Equal((link, CloseReason.Broken, true), (closed.Link, closed.Reason, closed.Clean));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_idle_link_whose_server_breaks_the_protocol_is_closed(bool portable)
    {
        await using var stage = LinkStage.For(portable, _database);
        var link = await stage.OpenAsync();
        // an answer that nobody asked for
        await stage.DoAsync(() => link.Channel.Write("Q\0\0\0\u000dselect 1\0"u8));
        var closed = await stage.HearAsync<LinkEvents.Closed>();
        Assert.Equal((CloseReason.Broken, true), (closed.Reason, closed.Clean));
        Assert.True(await LinkStage.IsGoneAsync(_database, link));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_whose_process_ended_while_it_was_lent_is_found_to_be_dead_when_it_is_back(bool portable)
    {
        await using var stage = LinkStage.For(portable, _database);
        var link = await stage.OpenAsync();
        await stage.SendAsync(link);
        await EndAsync(link);
        await stage.DoAsync(() =>
        {
            link.Channel.GiveTo(link.Actor);
            return true;
        });
        Assert.True((await stage.HearAsync<LinkEvents.Closed>()).Clean);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_whose_process_ended_at_work_leaves_no_ghost(bool portable)
    {
        await using var stage = LinkStage.For(portable, _database);
        var link = await stage.OpenAsync();
        await stage.SendAsync(link, new Query(WireText.Of("select pg_sleep(600)")));
        await LinkStage.RunsAsync(_database, link);
        await EndAsync(link);
        link.Actor.Tell(new LinkCommands.Close(CloseReason.Broken), ActorRefs.NoSender);
        Assert.True((await stage.HearAsync<LinkEvents.Closed>()).Clean);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_that_is_closed_while_it_opens_leaves_nothing_open(bool portable)
    {
        var ended = new TaskCompletionSource();
        await using var server = new FakeServer(async stream =>
        {
            await UntilEndAsync(stream, ended, "");
        });
        await using var stage = At(portable, server.Port);
        var actor = await stage.MakeAsync();
        await ConnectedAsync(server);
        actor.Tell(new LinkCommands.Close(CloseReason.Stopping), ActorRefs.NoSender);

        Assert.IsType<BrokerStopping>((await stage.HearAsync<LinkEvents.OpenFailed>()).Failure);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData(true, "disable")]
    [InlineData(false, "disable")]
    [InlineData(true, "require")]
    [InlineData(false, "require")]
    public async Task A_link_whose_actor_is_stopped_while_it_opens_leaves_nothing_open(bool portable, string tls)
    {
        var ended = new TaskCompletionSource();
        await using var server = new FakeServer(async stream =>
        {
            await UntilEndAsync(stream, ended, "S");
        });
        await using var stage = At(portable, server.Port, $"tls = {tls}");
        var actor = await stage.MakeAsync();
        await ConnectedAsync(server);
        stage.Loops.Stop(actor);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private async Task EndAsync(WireLink link)
    {
        await using var source = NpgsqlDataSource.Create(_database);
        await using var command = source.CreateCommand($"select pg_terminate_backend({link.Backend.Pid}, 30000)");
        Assert.Equal(true, await command.ExecuteScalarAsync());
    }

    // be it a goodbye or a reset
    private static async Task UntilEndAsync(NetworkStream stream, TaskCompletionSource ended, string answer)
    {
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
            await stream.CopyToAsync(Stream.Null);
        }
        finally
        {
            ended.TrySetResult();
        }
    }

    private static async Task ConnectedAsync(FakeServer server)
    {
        while (server.Connections == 0)
        {
            await Task.Delay(5);
        }
    }

    private static LinkStage At(bool portable, int port, string server = "") =>
        LinkStage.Of(portable, $"host = \"127.0.0.1\", port = {port}\n{server}", "user = somebody");

    private static Socket Unix() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
