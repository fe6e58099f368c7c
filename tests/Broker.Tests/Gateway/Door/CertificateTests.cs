using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broker.Tests.Gateway.Tls;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>Clients that are known by what they show beside a password: a certificate, or the account of their process.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certificates").FullName;
    private readonly X509Certificate2 _authority = TestCertificate.MakeAuthority("authority");
    private readonly X509Certificate2 _stranger = TestCertificate.MakeAuthority("stranger");

    public void Dispose()
    {
        _authority.Dispose();
        _stranger.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("verify-ca")]
    [InlineData("verify-full")]
    public async Task Only_who_shows_a_certificate_of_the_authority_is_let_in(string mode)
    {
        await using var door = await DoorStage.OpenAsync($"tls {{ {Verifying(mode)} }}");

        await using (var connection = await door.ConnectAsync(Showing(_authority, "anybody")))
        {
            Assert.Equal(1, await connection.ScalarAsync("select 1"));
        }
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => door.ConnectAsync(static text => text.SslMode = SslMode.Require));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => door.ConnectAsync(Showing(_stranger, "anybody")));
        Assert.Equal("28000",
            (await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync(static text => text.SslMode = SslMode.Disable))).SqlState);
        // over a Unix socket nothing is encrypted, and nothing shown
        await using var local = await door.ConnectAsync(text => text.Host = door.Folder);
        Assert.Equal(1, await local.ScalarAsync("select 1"));
    }

    [Theory]
    [InlineData("auth = cert", "verify-ca")]
    [InlineData("auth = cert", "verify-full")]
    [InlineData("hba = [\"hostssl shop ali all cert\", \"hostssl all all all cert\"]", "verify-full")]
    public async Task A_certificate_lets_in_whom_it_is_made_out_to_and_nobody_else(string auth, string mode)
    {
        await using var door = await DoorStage.OpenAsync($"{auth}, tls {{ {Verifying(mode)} }}");

        await using (var connection = await door.ConnectAsync(Showing(_authority, "ali", user: "ali")))
        {
            Assert.Equal(1, await connection.ScalarAsync("select 1"));
        }
        var other = await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync(Showing(_authority, "ali", user: "baba")));
        Assert.Equal(("28000", "user \"baba\" is not known by certificate"), (other.SqlState, other.MessageText));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => door.ConnectAsync(Showing(_stranger, "ali", user: "ali")));
    }

    [Fact]
    public async Task A_Unix_socket_knows_its_client_by_its_account()
    {
        await using var door = await DoorStage.OpenAsync("hba = [\"local all all peer\"]");

        await using (var connection = await door.ConnectAsync(text => (text.Host, text.Username) = (door.Folder, Environment.UserName)))
        {
            Assert.Equal(1, await connection.ScalarAsync("select 1"));
        }
        var other = await Assert.ThrowsAsync<PostgresException>(() =>
            door.ConnectAsync(text => (text.Host, text.Username) = (door.Folder, "somebody_else")));
        var remote = await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync(text => text.Username = Environment.UserName));
        Assert.Equal(("28000", "28000"), (other.SqlState, remote.SqlState));
    }

    private Action<NpgsqlConnectionStringBuilder> Showing(X509Certificate2 authority, string name, string? user = null)
    {
        var (certificate, key) = TestCertificate.Sign(authority, name);
        var (shown, kept) = (Written(certificate), Written(key));
        return text => (text.SslMode, text.SslCertificate, text.SslKey, text.Username) = (SslMode.Require, shown, kept,
            user ?? text.Username);
    }

    private string Verifying(string mode) => $"mode = {mode}, ca = \"{Written(_authority.ExportCertificatePem())}\", {Shown()}";

    private string Shown()
    {
        var (certificate, key) = TestCertificate.Sign(_authority, "localhost");
        return $"certificate = \"{Written(certificate)}\", key = \"{Written(key)}\"";
    }

    private string Written(string pem)
    {
        var file = Path.Combine(_folder, $"{RandomNumberGenerator.GetHexString(12)}.pem");
        File.WriteAllText(file, pem);
        return file;
    }
}
