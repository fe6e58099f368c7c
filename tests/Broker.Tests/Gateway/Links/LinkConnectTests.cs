using Broker.Connections;
using Broker.Gateway.Links;
using Broker.PgWire.Values;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Links;

/// <summary>Links of a server that trusts, from their opening to their end.</summary>
public sealed class LinkConnectTests : IClassFixture<LinkConnectTests.Started>
{
    private readonly LocalPostgres _server;

    public LinkConnectTests(Started started) => _server = started.Server;

    /// <summary>One server for all.</summary>
    public sealed class Started : IAsyncLifetime
    {
        internal LocalPostgres Server { get; private set; } = null!;

        public async Task InitializeAsync() => Server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);

        public async Task DisposeAsync() => await Server.DisposeAsync();
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_link_opens_over_TCP_and_a_Unix_socket_and_knows_its_process_and_its_session(bool portable, bool unix)
    {
        await using var stage = LinkStage.For(
            portable, unix ? _server.SocketConnectionString() : _server.ConnectionString(),
            database: @"application-name = ""the door"", settings { work_mem = ""7MB"", DateStyle = ""SQL, DMY"", ""my.note"" = ""two words\\and one"" }");

        var link = await stage.OpenAsync();

        Assert.Equal((LinkPhase.Idle, 1L, "c1"), (link.Phase, link.Slot.Number, link.Connection.ToString()));
        Assert.Equal("the door", Setting(link, "application_name"));
        Assert.Equal(Setting(link, "server_version"), link.Defaults[WireText.Of("server_version")].ToString());
        Assert.True(link.Presumes is { Isolation: "read committed", ClientEncoding: "UTF8", StandardStrings: true, ReadOnly: false },
            link.Presumes.ToString());
        Assert.Equal(link.Backend.Pid, link.Key!.ProcessId);
        Assert.True(await stage.DoAsync(() => link.Use.CanRelease && link.Input is { Held: 0, Unread: 0 }));

        var (backend, postmaster) = await SeenAsync(link.Backend.Pid);
        Assert.Equal((backend, postmaster, 1), (link.Backend.BackendStart, link.Backend.PostmasterStart, link.Backend.Timeline));
        Assert.Equal(
            $"{link.Backend.ServerVersion}|7MB|SQL, DMY|two words\\and one",
            await stage.QueryAsync(link, "select current_setting('server_version_num'), current_setting('work_mem'), current_setting('datestyle'), current_setting('my.note')"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_that_is_closed_says_goodbye_and_is_over_only_when_its_process_is_gone(bool portable)
    {
        await using var stage = LinkStage.For(portable, _server.ConnectionString());
        for (var i = 0; i < 10; i++)
        {
            var link = await stage.OpenAsync();
            link.Actor.Tell(new LinkCommands.Close(CloseReason.IdleTimeout), Akka.Actor.ActorRefs.NoSender);
            var closed = await stage.HearAsync<LinkEvents.Closed>();
            Assert.Equal((link, CloseReason.IdleTimeout, true), (closed.Link, closed.Reason, closed.Clean));
            Assert.True(await LinkStage.IsGoneAsync(_server.ConnectionString(), link));
        }
    }

    // as the embedded door reads them
    private async Task<(DateTime Backend, DateTime Postmaster)> SeenAsync(int pid)
    {
        await using var source = NpgsqlDataSource.Create(_server.ConnectionString());
        await using var command =
            source.CreateCommand($"select backend_start, pg_postmaster_start_time() from pg_stat_activity where pid = {pid}");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetDateTime(0), reader.GetDateTime(1));
    }

    private static string Setting(WireLink link, string name) => link.Settings[WireText.Of(name)].ToString();
}
