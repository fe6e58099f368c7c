using Broker.Postgres;
using Npgsql;

namespace Broker.Tests.Gateway.Wire;

/// <summary>
/// A real server with a role for each method of proving who one is: by_md5, in_clear and by_scram have the password "secret", and trusted
/// needs none.
/// </summary>
internal sealed class PasswordServer : IAsyncDisposable
{
    private readonly LocalPostgres _server;

    private PasswordServer(LocalPostgres server) => _server = server;

    internal int Port => _server.Port;

    /// <summary>Of its superuser.</summary>
    internal string ConnectionString => _server.SocketConnectionString();

    internal static async Task<PasswordServer> StartAsync()
    {
        var server = new PasswordServer(await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway));
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

    /// <summary>What the server keeps of a role's password.</summary>
    internal async Task<string> KeptAsync(string role)
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var command = source.CreateCommand($"select rolpassword from pg_authid where rolname = '{role}'");
        return (string)(await command.ExecuteScalarAsync())!;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task PrepareAsync()
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await RunAsync(source,
            "set password_encryption = 'md5'; create role by_md5 login password 'secret'; create role in_clear login password 'secret'");
        await RunAsync(source,
            "set password_encryption = 'scram-sha-256'; create role by_scram login password 'secret'; create role trusted login");
        await File.WriteAllTextAsync(Path.Combine(_server.DataDirectory, "pg_hba.conf"), """
            local all all trust
            host all trusted 127.0.0.1/32 trust
            host all by_md5 127.0.0.1/32 md5
            host all in_clear 127.0.0.1/32 password
            host all by_scram 127.0.0.1/32 scram-sha-256
            """ + "\n");
        await using (var lines = source.CreateCommand("select count(*) = 5 and bool_and(error is null) from pg_hba_file_rules"))
        {
            if (await lines.ExecuteScalarAsync() is not true)
            {
                throw new InvalidOperationException("The rules are not as they were written.");
            }
        }
        await RunAsync(source, "select pg_reload_conf()");
        // it reads the changed file when it gets to it: until then it lets everybody in
        while (await LetsInWithoutPasswordAsync())
        {
            await Task.Delay(20);
        }
    }

    private async Task<bool> LetsInWithoutPasswordAsync()
    {
        using var probe = await RawConnection.ConnectAsync(Port);
        return (await probe.LoginAsync("in_clear", PgWire.Logins.Credential.None)).Failed is null;
    }

    private static async Task RunAsync(NpgsqlDataSource source, string text)
    {
        await using var command = source.CreateCommand(text);
        await command.ExecuteNonQueryAsync();
    }
}
