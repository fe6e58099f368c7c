using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Remote;
using Broker.Postgres;
using Broker.Tests.Platforms;
using Npgsql;
using Xunit;

namespace Broker.Host.Tests.Serving;

/// <summary>brokerd with clients of PostgreSQL in it.</summary>
public sealed partial class DoorTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("brokerd-door-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Without_a_configuration_it_serves_a_server_of_its_own_and_prints_lines_that_lead_there()
    {
        using var brokerd = Brokerd.Start("serve");
        var ways = await WaysAsync(brokerd);

        Assert.Equal(2, ways.Count);
        foreach (var (host, port) in ways)
        {
            Assert.Equal("42", await ScalarAsync(host, port, "select '42'"));
        }

        await brokerd.SignalAsync("TERM");
        Assert.Equal(0, await brokerd.EndAsync());
        Assert.All(ways, way => Assert.False(way.Host.StartsWith('/') && Directory.Exists(way.Host), way.Host));
    }

    [Fact]
    public async Task Without_a_configuration_it_prints_how_a_program_comes_in_and_with_which_password()
    {
        using var brokerd = Brokerd.Start("serve");
        var (address, user, password) = await WayOfProgramsAsync(brokerd);
        var options = new RemoteOptions { User = user, Password = password };

        await using var client = await BrokerClient.ConnectAsync(address, options);

        Assert.Equal(42, await client.QuerySingleAsync<int>("postgres", $"select 42"));
        var refused =
            await Assert.ThrowsAsync<BrokerException>(() => BrokerClient.ConnectAsync(address, options with { Password = password + "x" }));
        Assert.IsType<ClientRefused>(refused.Failure);
    }

    [LinuxFact]
    public async Task What_follows_on_a_socket_runs_on_the_thread_that_was_woken_for_it()
    {
        using var brokerd = Brokerd.Start("serve");
        await WaysAsync(brokerd);

        // Then .NET has such a thread for each core, else one for all. A thread gives itself its name when it runs.
        await UntilAsync(() => Task.FromResult(Directory.GetDirectories($"/proc/{brokerd.Id}/task")
            .Count(static task => NameOf(task).StartsWith(".NET Sockets", StringComparison.Ordinal)) == Environment.ProcessorCount));
    }

    [Fact]
    public async Task A_second_brokerd_finds_other_ports()
    {
        using var first = Brokerd.Start("serve");
        using var second = Brokerd.Start("serve");

        Assert.NotEqual((await WaysAsync(first))[0].Port, (await WaysAsync(second))[0].Port);
        Assert.NotEqual((await WayOfProgramsAsync(first)).Address, (await WayOfProgramsAsync(second)).Address);

        await first.SignalAsync("TERM");
        await second.SignalAsync("TERM");
        Assert.Equal((0, 0), (await first.EndAsync(), await second.EndAsync()));
    }

    [Fact]
    public async Task A_statement_that_runs_is_answered_before_the_end()
    {
        using var brokerd = Brokerd.Start("serve");
        var (host, port) = (await WaysAsync(brokerd))[0];
        await using var source = Source(host, port);
        await using var command = source.CreateCommand("select 'finished' from pg_sleep(5)");
        // There before the statement runs, which does not wait until this one has come in.
        await using var side = await source.OpenConnectionAsync();
        await using var watch = new NpgsqlCommand(
            "select count(*) from pg_stat_activity where query like 'select ''finished''%' and wait_event = 'PgSleep'", side);
        var running = command.ExecuteScalarAsync();
        await UntilAsync(async () => (long)(await watch.ExecuteScalarAsync())! == 1);

        await brokerd.SignalAsync("TERM");

        Assert.Equal("finished", await running);
        Assert.Equal(0, await brokerd.EndAsync());
    }

    [Fact]
    public async Task A_second_signal_does_not_wait_for_what_runs()
    {
        using var brokerd = Brokerd.Start("serve");
        var (host, port) = (await WaysAsync(brokerd))[0];
        await using var source = Source(host, port);
        await using var command = source.CreateCommand("select pg_sleep(60)");
        await using var watch = source.CreateCommand("select count(*) from pg_stat_activity where wait_event = 'PgSleep'");
        var running = command.ExecuteScalarAsync();
        await UntilAsync(async () => (long)(await watch.ExecuteScalarAsync())! == 1);
        var since = Stopwatch.GetTimestamp();

        await brokerd.SignalAsync("TERM");
        await brokerd.SaysAsync("what runs is finished");
        await brokerd.SignalAsync("TERM");

        Assert.NotEqual(0, await brokerd.EndAsync());
        // By the first it would have waited for 30 s.
        Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(25));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => running);
    }

    [Fact]
    public async Task A_hangup_takes_new_passwords_and_disconnects_nobody()
    {
        var server = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync());
        var (port, users) = (LoopbackPort.Free(), Path.Combine(_folder.FullName, "users.txt"));
        await File.WriteAllTextAsync(users, $"\"{server.Username}\" \"first\"");
        var file = Path.Combine(_folder.FullName, "brokerd.conf");
        await File.WriteAllTextAsync(file, $$"""
            broker {
              servers.main { host = "{{server.Host}}", port = {{server.Port}}, max-connections = 10 }
              databases."{{server.Database}}" { server = main, user = "{{server.Username}}"{{(server.Password is null ? "" : $", password = \"{server.Password}\"")}} }
              gateway { listen = ["tcp://127.0.0.1:{{port}}"], auth = scram-sha-256, auth-file = "{{users}}" }
            }
            """);
        using var brokerd = Brokerd.Start("serve", "--config", file);
        await brokerd.SaysAsync("brokerd is ready");
        await using var old = new NpgsqlConnection(Through(server, port, "first"));
        await old.OpenAsync();
        await using var transaction = await old.BeginTransactionAsync();
        await using var backend = new NpgsqlCommand("select pg_backend_pid()", old);
        var before = await backend.ExecuteScalarAsync();

        await File.WriteAllTextAsync(users, $"\"{server.Username}\" \"second\"");
        await brokerd.SignalAsync("HUP");
        await brokerd.SaysAsync("The configuration was read again");

        await UntilAsync(async () => await IsLetInAsync(Through(server, port, "second")));
        Assert.False(await IsLetInAsync(Through(server, port, "first")));
        Assert.Equal(before, await backend.ExecuteScalarAsync());
        await transaction.CommitAsync();
        await brokerd.SignalAsync("TERM");
        Assert.Equal(0, await brokerd.EndAsync());
    }

    [Fact]
    public async Task A_hangup_takes_pools_and_databases_and_disconnects_nobody()
    {
        var server = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync());
        var elsewhere = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync());
        var (port, file) = (LoopbackPort.Free(), Path.Combine(_folder.FullName, "brokerd.conf"));
        await File.WriteAllTextAsync(file, Configuration(further: "gone", leadsTo: server, size: 1));
        using var brokerd = Brokerd.Start("serve", "--config", file);
        await brokerd.SaysAsync("brokerd is ready");
        await using var one = await OpenAsync("shop");
        await using var waiting = await OpenAsync("shop");
        await using var staying = await OpenAsync("gone");
        await using var transaction = await one.BeginTransactionAsync();
        Assert.Equal(server.Database, await WhereAsync(one));
        var waits = WhereAsync(waiting);

        await File.WriteAllTextAsync(file, Configuration(further: "more", leadsTo: elsewhere, size: 2));
        await brokerd.SignalAsync("HUP");
        await brokerd.SaysAsync("The configuration was read again");

        Assert.Equal(server.Database, await waits);
        Assert.Equal(server.Database, await WhereAsync(one));
        Assert.Equal(server.Database, await WhereAsync(staying));
        await transaction.CommitAsync();
        await UntilAsync(async () => await IsThereAsync("more") && !await IsThereAsync("gone"));
        await using var late = await OpenAsync("more");
        Assert.Equal(elsewhere.Database, await WhereAsync(late));
        await brokerd.SignalAsync("TERM");
        Assert.Equal(0, await brokerd.EndAsync());

        string Configuration(string further, NpgsqlConnectionStringBuilder leadsTo, int size) => $$"""
            broker {
              servers.main { host = "{{server.Host}}", port = {{server.Port}}, max-connections = 10 }
              database-defaults { server = main, user = "{{server.Username}}"{{(server.Password is null ? "" : $", password = \"{server.Password}\"")}} }
              databases.shop { database = "{{server.Database}}" }
              databases.{{further}} { database = "{{leadsTo.Database}}" }
              pool { size = {{size}}, overflow = 0 }
              gateway { listen = ["tcp://127.0.0.1:{{port}}"], auth = trust }
            }
            """;

        async Task<NpgsqlConnection> OpenAsync(string database)
        {
            var connection =
                new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Through(server, port, "")) { Database = database }.ConnectionString);
            await connection.OpenAsync();
            return connection;
        }

        async Task<bool> IsThereAsync(string database)
        {
            try
            {
                await (await OpenAsync(database)).DisposeAsync();
                return true;
            }
            catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InvalidCatalogName)
            {
                return false;
            }
        }

        static async Task<object?> WhereAsync(NpgsqlConnection connection)
        {
            await using var command = new NpgsqlCommand("select current_database()::text", connection);
            return await command.ExecuteScalarAsync();
        }
    }

    [Theory]
    [InlineData("gateway.listen")]
    [InlineData("door.listen")]
    public async Task A_port_that_is_taken_stops_the_start_and_is_named(string listen)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = $"127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}";
        var (file, users) = (Path.Combine(_folder.FullName, "brokerd.conf"), Path.Combine(_folder.FullName, "users.txt"));
        await File.WriteAllTextAsync(users, "\"app\" \"secret\"");
        await File.WriteAllTextAsync(file, $$"""
            broker {
              servers.main { host = "127.0.0.1", port = 1 }
              databases.orders { server = main, user = app }
              gateway.auth-file = "{{users}}"
              {{listen}} = "tcp://{{address}}"
            }
            """);

        using var brokerd = Brokerd.Start("serve", "--config", file);

        Assert.Equal(1, await brokerd.EndAsync());
        Assert.Contains(address, brokerd.Said, StringComparison.Ordinal);
    }

    /// <summary>The hosts and ports of the lines that it prints.</summary>
    private static async Task<IReadOnlyList<(string Host, int Port)>> WaysAsync(Brokerd brokerd)
    {
        await brokerd.SaysAsync("psql -h", times: 2);
        return [.. Invitation().Matches(brokerd.Said).Select(line => (line.Groups[1].Value, int.Parse(line.Groups[2].ValueSpan)))];
    }

    /// <summary>The address, user and password of the line that it prints for .NET programs.</summary>
    private static async Task<(string Address, string User, string Password)> WayOfProgramsAsync(Brokerd brokerd)
    {
        await brokerd.SaysAsync("BrokerClient.ConnectAsync");
        var line = ForPrograms().Match(brokerd.Said);
        return (line.Groups[1].Value, line.Groups[2].Value, line.Groups[3].Value);
    }

    private static async Task<object?> ScalarAsync(string host, int port, string text)
    {
        await using var source = Source(host, port);
        await using var command = source.CreateCommand(text);
        return await command.ExecuteScalarAsync();
    }

    private static NpgsqlDataSource Source(string host, int port) =>
        NpgsqlDataSource.Create($"Host={host};Port={port};Username=postgres;Database=postgres");

    private static string Through(NpgsqlConnectionStringBuilder server, int port, string password) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1", Port = port, Database = server.Database, Username = server.Username, Password = password, Pooling = false,
    }.ConnectionString;

    private static async Task<bool> IsLetInAsync(string connectionString)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync();
            return true;
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InvalidPassword)
        {
            return false;
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await isSo())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(30), "It did not come true in time.");
            await Task.Delay(10);
        }
    }

    /// <summary>Of a thread; empty when it has ended meanwhile.</summary>
    private static string NameOf(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/comm");
        }
        catch (IOException)
        {
            return "";
        }
    }

    [GeneratedRegex("psql -h ([^ ]+) -p ([0-9]+) -U postgres postgres")]
    private static partial Regex Invitation();

    [GeneratedRegex("ConnectAsync\\(\"([^\"]+)\", new\\(\\) { User = \"([^\"]+)\", Password = \"([^\"]+)\" }\\)")]
    private static partial Regex ForPrograms();
}
