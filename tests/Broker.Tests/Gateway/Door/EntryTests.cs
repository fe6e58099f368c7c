using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Broker.PgWire.Authentication;
using Broker.Tests.Gateway.Tls;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>How clients come in: what they are asked, what they may wish, and who is refused.</summary>
public sealed class EntryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entry").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("password", "right")]
    [InlineData("md5", "right")]
    [InlineData("scram-sha-256", "right")]
    [InlineData("scram-sha-256", "verifier")]
    [InlineData("md5", "verifier")]
    [InlineData("password", "verifier")]
    public async Task Who_proves_the_password_that_is_kept_is_let_in_and_nobody_else(string method, string kept)
    {
        var text = kept == "verifier" ? ScramVerifier.Of("open sesame", new byte[16], 4096).Format() : "open sesame";
        await using var door = await DoorStage.OpenAsync($"auth = {method}, auth-file = \"{Written($"\"ali\" \"{text}\"\n")}\"");

        await using (var connection = await door.ConnectAsync(Of("ali", "open sesame")))
        {
            await using var command = new NpgsqlCommand("select 1", connection);
            Assert.Equal(1, await command.ExecuteScalarAsync());
        }
        var wrong = await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync(Of("ali", "open barley")));
        var unknown = await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync(Of("baba", "open sesame")));
        Assert.Equal(("28P01", "28P01"), (wrong.SqlState, unknown.SqlState));
        Assert.Equal(wrong.MessageText.Replace("ali", "X", StringComparison.Ordinal),
            unknown.MessageText.Replace("baba", "X", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_user_that_is_nowhere_else_is_looked_up_in_the_database()
    {
        var verifier = ScramVerifier.Of("pw", new byte[16], 4096).Format();
        await using var door = await DoorStage.OpenAsync($"auth = scram-sha-256, auth-query = \"select name, kept from (values ('eve', '{verifier}')) users(name, kept) where name = $1\"");

        await using (await door.ConnectAsync(Of("eve", "pw")))
        {
        }
        Assert.Equal("28P01", (await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync(Of("adam", "pw")))).SqlState);
    }

    [Fact]
    public async Task What_a_client_wishes_in_its_startup_message_holds_in_each_of_its_transactions()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await using var wishing = await door.ConnectAsync(text =>
            (text.Options, text.Timezone) = ("-c statement_timeout=77s -c search_path=elsewhere", "Asia/Tokyo"));
        await using var plain = await door.ConnectAsync();

        for (var round = 0; round < 3; round++)
        {
            Assert.Equal("77s Asia/Tokyo elsewhere", await SettingsAsync(wishing));
            Assert.NotEqual("77s Asia/Tokyo elsewhere", await SettingsAsync(plain));
        }
        var failure = await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync(text => text.Timezone = "Mars/Olympus"));
        Assert.Equal("22023", failure.SqlState);
    }

    [Fact]
    public async Task What_a_client_sets_by_a_text_follows_it_over_links_and_is_met_by_nobody_else()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await using var setting = await door.ConnectAsync();
        await using var plain = await door.ConnectAsync();
        var before = await SettingsAsync(plain);
        await RunAsync(setting, "set statement_timeout = '55s'");
        await RunAsync(setting, "begin; set search_path = lost; rollback");

        Assert.Equal(before, await SettingsAsync(plain));
        Assert.StartsWith("55s", await SettingsAsync(setting), StringComparison.Ordinal);
        Assert.DoesNotContain("lost", await SettingsAsync(setting), StringComparison.Ordinal);
        await RunAsync(setting, "reset statement_timeout");
        Assert.Equal(before, await SettingsAsync(plain));
        Assert.Equal(before, await SettingsAsync(setting));
    }

    [Fact]
    public async Task A_statement_is_cancelled_by_the_key_that_the_gateway_gave()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await using var connection = await door.ConnectAsync();
        await using var command = new NpgsqlCommand("select pg_sleep(60)", connection);
        using var cancel = new CancellationTokenSource();
        var running = command.ExecuteNonQueryAsync(cancel.Token);
        await using var direct = new NpgsqlConnection(door.Direct);
        await direct.OpenAsync();
        await Eventually.SucceedsAsync(async () => Assert.Equal(1L, await direct.ScalarAsync("select count(*) from pg_stat_activity where query like 'select pg_sleep(60)%' and state = 'active'")));
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(1, await connection.ScalarAsync("select 1"));
    }

    [Theory]
    [InlineData(80877103)]
    [InlineData(80877104)]
    public async Task Encryption_that_there_is_not_is_declined_with_one_byte_and_the_client_goes_on(int code)
    {
        await using var door = await DoorStage.OpenAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", door.Port);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Packet(code, []));
        Assert.Equal('N', (char)stream.ReadByte());
        await stream.WriteAsync(Packet(196608,
            Encoding.UTF8.GetBytes($"user\0{new NpgsqlConnectionStringBuilder(door.Direct).Username}\0database\0shop\0\0")));

        Assert.Equal('R', (char)stream.ReadByte());
    }

    [Theory]
    [InlineData("prefer", SslMode.Require, true)]
    [InlineData("prefer", SslMode.Disable, true)]
    [InlineData("require", SslMode.Require, true)]
    [InlineData("require", SslMode.Disable, false)]
    public async Task Connections_are_encrypted_as_the_settings_and_the_client_say(string mode, SslMode client, bool comesIn)
    {
        await using var door = await DoorStage.OpenAsync($"tls {{ mode = {mode}, {Certificate()} }}");
        Task<NpgsqlConnection> Connect() => door.ConnectAsync(text => text.SslMode = client);
        if (!comesIn)
        {
            Assert.Equal("28000", (await Assert.ThrowsAsync<PostgresException>(Connect)).SqlState);
            return;
        }
        await using var connection = await Connect();
        Assert.Equal(1, await connection.ScalarAsync("select 1"));
    }

    [Theory]
    [InlineData("postgresql", true)]
    [InlineData("http/1.1", false)]
    public async Task Who_begins_with_TLS_must_ask_for_the_protocol(string protocol, bool comesIn)
    {
        await using var door = await DoorStage.OpenAsync($"tls {{ mode = prefer, {Certificate()} }}");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", door.Port);
        await using var tls = new SslStream(new NetworkStream(socket));
        var first = -1;
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost", ApplicationProtocols = [new(protocol)], RemoteCertificateValidationCallback = (_, shown, _, _) =>
                    shown is not null,
            });
            await tls.WriteAsync(Packet(196608,
                Encoding.UTF8.GetBytes($"user\0{new NpgsqlConnectionStringBuilder(door.Direct).Username}\0database\0shop\0\0")));
            first = tls.ReadByte();
        }
        catch (Exception exception) when (exception is IOException or System.Security.Authentication.AuthenticationException)
        {
            // refused in the handshake, or behind it
        }

        Assert.Equal(comesIn, first == 'R');
    }

    private static byte[] Packet(int code, byte[] rest)
    {
        var packet = new byte[8 + rest.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(4), code);
        rest.CopyTo(packet, 8);
        return packet;
    }

    private static Action<NpgsqlConnectionStringBuilder> Of(string user, string password) =>
        text => (text.Username, text.Password) = (user, password);

    private static async Task RunAsync(NpgsqlConnection connection, string sql) => await connection.ScalarAsync(sql);

    private static async Task<string> SettingsAsync(NpgsqlConnection connection) =>
        (string)(await connection.ScalarAsync(
            "select current_setting('statement_timeout') || ' ' || current_setting('timezone') || ' ' || current_setting('search_path')"))!;

    private string Certificate()
    {
        using var certificate = TestCertificate.Make();
        var (shown, key) = (Path.Combine(_folder, "shown.pem"), Path.Combine(_folder, "key.pem"));
        File.WriteAllText(shown, certificate.ExportCertificatePem());
        File.WriteAllText(key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        return $"certificate = \"{shown}\", key = \"{key}\"";
    }

    private string Written(string text)
    {
        var file = Path.Combine(_folder, "users.txt");
        File.WriteAllText(file, text);
        return file;
    }
}
