using System.Diagnostics.Metrics;
using Akka.Actor;
using Broker.Client;
using Broker.Configuration;
using Broker.Hosting;
using Broker.PgWire.Logins;
using Broker.Postgres;
using Broker.Tests.Gateway.Wire;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>A broker with its gateway open, before a real server; ends with the test.</summary>
internal sealed class DoorStage : IAsyncDisposable
{

    private readonly ActorSystem _system;
    private readonly string _settings;
    private bool _ownsDatabase;

    private DoorStage(ActorSystem system, string settings, BrokerClient broker, string direct, int port, string folder) =>
        (_system, _settings, Broker, Direct, Port, Folder) = (system, settings, broker, direct, port, folder);

    internal BrokerClient Broker { get; }

    /// <summary>The connection string of the database without the broker.</summary>
    internal string Direct { get; }

    internal int Port { get; }

    /// <summary>Of the Unix socket.</summary>
    internal string Folder { get; }

    /// <summary>Starts one.</summary>
    /// <param name="gateway">Keys of `broker.gateway`.</param>
    /// <param name="pool">Keys of `broker.pool`.</param>
    /// <param name="database">Keys of the database.</param>
    /// <param name="others">Keys of what stands for all other databases; empty: there are none.</param>
    /// <param name="at">The connection string of its database; null: a new one on the shared server.</param>
    /// <param name="meters">Who listens to what it measures; null: nobody.</param>
    internal static async Task<DoorStage> OpenAsync(
        string gateway = "", string pool = "size = 5, overflow = 0", string database = "", string others = "", string? at = null,
            IMeterFactory? meters = null)
    {
        var direct = at ?? await SharedPostgres.CreateDatabaseAsync();
        var server = new NpgsqlConnectionStringBuilder(direct);
        var port = LoopbackPort.Free();
        var folder = Directory.CreateTempSubdirectory("door").FullName;
        var system = ActorSystem.Create("door", "akka { loglevel = WARNING, stdout-loglevel = OFF, log-dead-letters = off }");
        var settings = $$"""
            broker {
              servers.main { host = "{{server.Host}}", port = {{server.Port}} }
              {{(others.Length > 0 ? $"databases.\"*\" {{ {others} }}" : "")}}
              databases.shop { connection-string = "{{direct}}", {{database}} }
              pool { {{pool}} }
              gateway {
                listen = ["tcp://127.0.0.1:{{port}}", "unix://{{folder}}:{{port}}"]
                auth = trust
                {{gateway}}
              }
            }
            """;
        var broker = await system.StartBrokerAsync(BrokerSettings.Parse(settings), meters: meters);
        return new(system, settings, broker, direct, port, folder) { _ownsDatabase = at is null };
    }

    /// <summary>Gives the broker other settings, as at a SIGHUP.</summary>
    /// <param name="changes">What of those from the start is written otherwise.</param>
    internal Task<SettingsReloaded> ReloadAsync(params ReadOnlySpan<(string Old, string New)> changes)
    {
        var settings = _settings;
        foreach (var (old, now) in changes)
        {
            Assert.Contains(old, settings, StringComparison.Ordinal);
            settings = settings.Replace(old, now, StringComparison.Ordinal);
        }
        return _system.ReloadBrokerAsync(BrokerSettings.Parse(settings));
    }

    /// <summary>Tells an actor of the broker something.</summary>
    internal void Tell(string path, object message) => _system.ActorSelection($"/user/broker/{path}").Tell(message);

    /// <summary>The connection string through the gateway.</summary>
    internal string Through(Action<NpgsqlConnectionStringBuilder>? change = null)
    {
        var direct = new NpgsqlConnectionStringBuilder(Direct);
        var text = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1", Port = Port, Database = "shop", Username = direct.Username, Pooling = false, Timeout = 20,
            CommandTimeout = 60, IncludeErrorDetail = true,
            // by itself it waits 2 s for the end of what it has cancelled, and then gives the connection up
            CancellationTimeout = 30_000,
        };
        change?.Invoke(text);
        return text.ConnectionString;
    }

    /// <summary>A connection through the gateway, open.</summary>
    internal async Task<NpgsqlConnection> ConnectAsync(Action<NpgsqlConnectionStringBuilder>? change = null)
    {
        var connection = new NpgsqlConnection(Through(change));
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>A connection through the gateway on which a test says what it likes, logged in.</summary>
    internal async Task<RawConnection> SpeakAsync()
    {
        var connection = await RawConnection.ConnectAsync(Port);
        await connection.LoginAsync(new NpgsqlConnectionStringBuilder(Direct).Username!, Credential.None, database: "shop");
        return connection;
    }

    /// <summary>A connection to the database without the broker, open.</summary>
    internal async Task<NpgsqlConnection> GoRoundAsync()
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Direct) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>The actor that lets clients in.</summary>
    internal Task<IActorRef> GatewayAsync() => _system.ActorSelection("/user/broker/gateway").ResolveOne(TimeSpan.FromSeconds(30));

    /// <summary>Has the broker stop, as at a SIGTERM; done when it has.</summary>
    internal Task StopAsync() => CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ClrExitReason.Instance);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
        if (_ownsDatabase)
            await SharedPostgres.ReturnDatabaseAsync(Direct);
    }
}
