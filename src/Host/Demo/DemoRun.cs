using System.Security.Cryptography;
using Akka.Hosting;
using Broker.Client;
using Broker.Client.Remote;
using Broker.Hosting;
using Broker.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Broker.Host.Demo;

/// <summary>
/// The main job, live: 200 callers share 5 connections to a private PostgreSQL for some seconds, meanwhile another process comes in through
/// the door and writes in one conversation with this one, and then one server process is killed. At the end the sum of balances in the
/// table must be what the callers were told, and the conversation's lines be there by one commit.
/// </summary>
internal static class DemoRun
{
    private const int Callers = 200;
    private const int Connections = 5;
    private const string Name = "demo";
    private const int PasswordDigits = 32;

    // Each looks at one moment, in which all may be between two trips.
    private const int MostTries = 1000;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    /// <summary>Runs it. 0 when the truth was found in the tables, else 1.</summary>
    internal static async Task<int> RunAsync()
    {
        await using var server = await LocalPostgres.StartAsync(new LocalPostgresOptions());
        var accounts = await DemoSchema.LoadAsync(server.ConnectionString("postgres"));
        var (door, guest) = (LoopbackPort.Free(),
            new RemoteOptions { User = server.UserName, Password = RandomNumberGenerator.GetHexString(PasswordDigits) });
        using var host = HostFor(server, door, guest);
        await host.StartAsync();
        var broker = host.Services.GetRequiredService<BrokerClient>();

        var tally = new DemoTally();
        using var over = new CancellationTokenSource();
        var callers = Enumerable.Range(0, Callers).Select(n => DemoCaller.RunAsync(broker, accounts, tally, new Random(n), over.Token))
            .ToArray();
        var sharing = DemoSharing.RunAsync(broker, Name, $"akka.tcp://broker@127.0.0.1:{door}", guest);
        // The process that is killed shall not be that of the conversation.
        var killing = KillOneAsync(server.ConnectionString("postgres"), Task.WhenAll(Task.Delay(Duration / 2), sharing));
        await DemoScreen.ShowAsync(broker, tally, Duration, [NewsOfAsync(sharing), NewsOfAsync(killing)]);
        await over.CancelAsync();
        await Task.WhenAll(callers);
        await host.StopAsync();

        var balances = await DemoSchema.SumOfBalancesAsync(server.ConnectionString("postgres"));
        return DemoVerdict.Tell(tally, balances, Callers, Connections, await killing, await sharing);
    }

    private static IHost HostFor(LocalPostgres server, int door, RemoteOptions guest)
    {
        var target = new NpgsqlConnectionStringBuilder(server.ConnectionString("postgres"));
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddAkka("demo", akka => akka
            .AddHocon("akka { loglevel = OFF, stdout-loglevel = OFF }", HoconAddMode.Prepend)
            .ConfigureLoggers(loggers => loggers.ClearLoggers())
            .WithBroker(broker => broker.Hocon($$"""
                broker {
                  servers.main { host = "{{target.Host}}", port = {{target.Port}}, tls = disable, max-connections = 8 }
                  # The server asks for no password; this one is for the door.
                  databases.demo { server = main, database = "{{target.Database}}" }
                  databases.demo { user = "{{guest.User}}", password = "{{guest.Password}}" }
                  pool { size = {{Connections}}, overflow = 0 }
                  errands.settle = on
                  door.listen = "tcp://127.0.0.1:{{door}}"
                }
                """)));
        builder.Services.AddBrokerClient();
        return builder.Build();
    }

    private static async Task<string> NewsOfAsync(Task<DemoShared> sharing) =>
        $"process {(await sharing).Guest} wrote in a conversation of this one";

    private static async Task<string> NewsOfAsync(Task<int> killing) => $"server process {await killing} killed";

    /// <summary>Ends a server process of the broker's while it works. Returns its pid; 0 when none was ever seen at work.</summary>
    private static async Task<int> KillOneAsync(string connectionString, Task after)
    {
        await after;
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var kill = source.CreateCommand("""
            select pid from pg_stat_activity, pg_terminate_backend(pid)
            where backend_type = 'client backend' and pid <> pg_backend_pid() and state <> 'idle' limit 1
            """);
        for (var tries = 0; tries < MostTries; tries++)
        {
            if (await kill.ExecuteScalarAsync() is int pid)
            {
                return pid;
            }
        }
        return 0;
    }
}
