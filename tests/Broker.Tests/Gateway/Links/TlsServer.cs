using Broker.Postgres;
using Broker.Tests.Gateway.Tls;
using Npgsql;

namespace Broker.Tests.Gateway.Links;

/// <summary>
/// A real server with a certificate made out to "localhost" and signed by an authority of its own. Roles: anyhow, over_tls and in_clear
/// (only so), by_scram (password "secret") and by_cert (a certificate of the authority's).
/// </summary>
internal sealed class TlsServer : IAsyncDisposable
{
    private readonly LocalPostgres _server;
    private readonly string _folder = Directory.CreateTempSubdirectory("broker-tls-").FullName;

    private TlsServer(LocalPostgres server) => _server = server;

    internal int Port => _server.Port;

    internal LocalPostgres Server => _server;

    /// <summary>The authority's certificate.</summary>
    internal string Authority => Path.Combine(_folder, "authority.crt");

    /// <summary>The certificate of another authority.</summary>
    internal string Stranger => Path.Combine(_folder, "stranger.crt");

    /// <summary>A client's certificate, for by_cert.</summary>
    internal string Client => Path.Combine(_folder, "client.crt");

    /// <summary>Its key.</summary>
    internal string ClientKey => Path.Combine(_folder, "client.key");

    internal static async Task<TlsServer> StartAsync()
    {
        var server = new TlsServer(await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway));
        try
        {
            await server.PrepareAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task PrepareAsync()
    {
        using var authority = TestCertificate.MakeAuthority("authority");
        using var stranger = TestCertificate.MakeAuthority("stranger");
        var (server, serverKey) = TestCertificate.Sign(authority, "localhost");
        var (client, clientKey) = TestCertificate.Sign(authority, "by_cert");
        await File.WriteAllTextAsync(Authority, authority.ExportCertificatePem());
        await File.WriteAllTextAsync(Stranger, stranger.ExportCertificatePem());
        await File.WriteAllTextAsync(Client, client);
        await File.WriteAllTextAsync(ClientKey, clientKey);

        await using var source = NpgsqlDataSource.Create(_server.SocketConnectionString());
        await RunAsync(source,
            "create role anyhow login; create role over_tls login; create role in_clear login; create role by_cert login");
        await RunAsync(source, "set password_encryption = 'scram-sha-256'; create role by_scram login password 'secret'");
        await File.WriteAllTextAsync(Path.Combine(_server.DataDirectory, "pg_hba.conf"), """
            local all all trust
            host all anyhow 127.0.0.1/32 trust
            hostssl all over_tls 127.0.0.1/32 trust
            hostnossl all in_clear 127.0.0.1/32 trust
            hostssl all by_scram 127.0.0.1/32 scram-sha-256
            hostssl all by_cert 127.0.0.1/32 cert
            """ + "\n");
        // the server itself writes them: a key belongs to its account, and to nobody else
        await KeepAsync(source, "server.crt", server);
        await KeepAsync(source, "server.key", serverKey);
        await KeepAsync(source, "root.crt", authority.ExportCertificatePem());
        await RunAsync(source, "alter system set ssl_ca_file = 'root.crt'");
        await RunAsync(source, "alter system set ssl = on");
        await _server.RestartAsync();
    }

    private static async Task KeepAsync(NpgsqlDataSource source, string file, string pem) =>
        await RunAsync(source, $"copy (select string_to_table('{pem.Trim()}', E'\\n')) to program 'umask 077; cat > {file}'");

    private static async Task RunAsync(NpgsqlDataSource source, string text)
    {
        await using var command = source.CreateCommand(text);
        await command.ExecuteNonQueryAsync();
    }
}
