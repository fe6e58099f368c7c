using Broker.PgWire.Authentication;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using Xunit;

namespace Broker.Tests.Gateway.Wire;

/// <summary>Our login and our kept passwords at a real server.</summary>
public sealed class ServerLoginTests : IAsyncLifetime
{
    private PasswordServer? _server;

    private PasswordServer Server => _server!;

    public async Task InitializeAsync() => _server = await PasswordServer.StartAsync();

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("trusted")]
    [InlineData("in_clear")]
    [InlineData("by_md5")]
    [InlineData("by_scram")]
    public async Task A_server_lets_us_in_by_each_of_its_methods_and_tells_what_the_session_begins_with(string user)
    {
        using var connection = await RawConnection.ConnectAsync(Server.Port);
        var (login, failed) = await connection.LoginAsync(user, Credential.OfPassword("secret"));

        Assert.Null(failed);
        Assert.Equal("UTF8", login.Settings[WireText.Of("client_encoding")].ToString());
        Assert.True(login.Key!.ProcessId > 0);
        await connection.SendAsync(new Query(WireText.Of("select current_user")));
        var row = Assert.Single((await connection.ReceiveToReadyAsync()).OfType<DataRow>());
        Assert.Equal(user, System.Text.Encoding.UTF8.GetString(row.Values[0]!.Value.Span));
    }

    [Theory]
    [InlineData("in_clear")]
    [InlineData("by_md5")]
    [InlineData("by_scram")]
    public async Task A_wrong_password_is_the_servers_to_refuse(string user)
    {
        using var connection = await RawConnection.ConnectAsync(Server.Port);
        var (_, failed) = await connection.LoginAsync(user, Credential.OfPassword("Secret"));

        Assert.Equal("28P01", failed!.Report!.SqlState);
    }

    [Fact]
    public async Task Keys_that_a_client_showed_us_let_us_in_where_its_verifier_is_kept()
    {
        var verifier = ScramVerifier.Parse(await Server.KeptAsync("by_scram"))!;
        var client = new ScramClient("secret", ScramServer.Offered(false));
        var door = new ScramServer(verifier);
        door.Final(client.Final(door.First(client.Mechanism, client.First(), out _), out _), out var refused);
        Assert.Null(refused);

        using var connection = await RawConnection.ConnectAsync(Server.Port);
        Assert.Null((await connection.LoginAsync("by_scram", Credential.OfKeys(door.Keys!))).Failed);
    }

    [Fact]
    public async Task What_PostgreSQL_keeps_of_passwords_is_understood()
    {
        foreach (var role in new[] { "by_md5", "by_scram" })
        {
            var kept = new KeptPassword(role, await Server.KeptAsync(role));
            Assert.True(!kept.IsClear && kept.Fits("secret") && !kept.Fits("Secret"));
        }
        using var connection = await RawConnection.ConnectAsync(Server.Port);
        Assert.Null((await connection.LoginAsync("by_md5", Credential.OfMd5(await Server.KeptAsync("by_md5")))).Failed);
    }

    [Fact]
    public async Task A_server_that_speaks_an_older_version_is_spoken_to_in_it()
    {
        using var connection = await RawConnection.ConnectAsync(Server.Port);
        var (login, failed) = await connection.LoginAsync("trusted", Credential.None, new ProtocolVersion(3, 9));

        Assert.Null(failed);
        Assert.True(login.Version <= ProtocolVersion.V32);
    }
}
