using Broker.PgWire.Authentication;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Wire;

/// <summary>Our login and our kept passwords at a real server.</summary>
public sealed class ServerLoginTests : IAsyncLifetime
{
    private LocalPostgres? _server;

    private LocalPostgres Server => _server!;

    public async Task InitializeAsync()
    {
        _server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        await using var source = NpgsqlDataSource.Create(Server.SocketConnectionString());
        await RunAsync(source, "set password_encryption = 'md5'; create role by_md5 login password 'secret'; create role in_clear login password 'secret'");
        await RunAsync(source, "set password_encryption = 'scram-sha-256'; create role by_scram login password 'secret'");
        await File.WriteAllTextAsync(Path.Combine(Server.DataDirectory, "pg_hba.conf"), """
            local all all trust
            host all trusted 127.0.0.1/32 trust
            host all by_md5 127.0.0.1/32 md5
            host all in_clear 127.0.0.1/32 password
            host all by_scram 127.0.0.1/32 scram-sha-256
            """ + "\n");
        await RunAsync(source, "create role trusted login");
        await RunAsync(source, "select pg_reload_conf()");
        await using var lines = source.CreateCommand("select count(*) from pg_hba_file_rules where error is null");
        Assert.Equal(5L, await lines.ExecuteScalarAsync());
    }

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
        using var connection = await ConnectAsync(user);
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
        using var connection = await ConnectAsync(user);
        var (_, failed) = await connection.LoginAsync(user, Credential.OfPassword("Secret"));

        Assert.Equal("28P01", failed!.Report!.SqlState);
    }

    [Fact]
    public async Task Keys_that_a_client_showed_us_let_us_in_where_its_verifier_is_kept()
    {
        await using var source = NpgsqlDataSource.Create(Server.SocketConnectionString());
        var verifier = ScramVerifier.Parse(await KeptAsync(source, "by_scram"))!;
        var client = new ScramClient("secret", ScramServer.Offered(false));
        var door = new ScramServer(verifier);
        door.Final(client.Final(door.First(client.Mechanism, client.First(), out _), out _), out var refused);
        Assert.Null(refused);

        using var connection = await ConnectAsync("by_scram");
        Assert.Null((await connection.LoginAsync("by_scram", Credential.OfKeys(door.Keys!))).Failed);
    }

    [Fact]
    public async Task What_PostgreSQL_keeps_of_passwords_is_understood()
    {
        await using var source = NpgsqlDataSource.Create(Server.SocketConnectionString());
        foreach (var role in new[] { "by_md5", "by_scram" })
        {
            var kept = new KeptPassword(role, await KeptAsync(source, role));
            Assert.True(!kept.IsClear && kept.Fits("secret") && !kept.Fits("Secret"));
        }
        using var connection = await ConnectAsync("by_md5");
        Assert.Null((await connection.LoginAsync("by_md5", Credential.OfMd5(await KeptAsync(source, "by_md5")))).Failed);
    }

    [Fact]
    public async Task A_server_that_speaks_an_older_version_is_spoken_to_in_it()
    {
        using var connection = await ConnectAsync("trusted");
        var (login, failed) = await connection.LoginAsync("trusted", Credential.None, new ProtocolVersion(3, 9));

        Assert.Null(failed);
        Assert.True(login.Version <= ProtocolVersion.V32);
    }

    private static async Task<string> KeptAsync(NpgsqlDataSource source, string role)
    {
        await using var command = source.CreateCommand($"select rolpassword from pg_authid where rolname = '{role}'");
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static async Task RunAsync(NpgsqlDataSource source, string text)
    {
        await using var command = source.CreateCommand(text);
        await command.ExecuteNonQueryAsync();
    }

    // The server reads its changed file when it gets to it: until then it lets everybody in.
    private async Task<RawConnection> ConnectAsync(string user)
    {
        while (user != "trusted")
        {
            using var probe = await RawConnection.ConnectAsync(Server.Port);
            if ((await probe.LoginAsync(user, Credential.None)).Failed is not null)
                break;
            await Task.Delay(20);
        }
        return await RawConnection.ConnectAsync(Server.Port);
    }
}
