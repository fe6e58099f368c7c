using Akka.Hosting;
using Broker.Client;
using Broker.Hosting;
using Broker.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Broker.Host.Demo;

/// <summary>
/// The main job, live: 200 callers share 5 connections to a private PostgreSQL for some seconds, one server process is killed in the
/// middle, and at the end the sum of balances in the table must be what the callers were told.
/// </summary>
internal static class DemoRun
{
    private const int Callers = 200;
    private const int Connections = 5;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    /// <summary>Runs it. 0 when the truth was found in the table, else 1.</summary>
    internal static async Task<int> RunAsync()
    {
        await using var server = await LocalPostgres.StartAsync(new LocalPostgresOptions());
        var accounts = await DemoSchema.LoadAsync(server.ConnectionString("postgres"));
        using var host = HostFor(new NpgsqlConnectionStringBuilder(server.ConnectionString("postgres")));
        await host.StartAsync();
        var broker = host.Services.GetRequiredService<BrokerClient>();

        var tally = new DemoTally();
        using var time = new CancellationTokenSource(Duration);
        var callers = Enumerable.Range(0, Callers).Select(n => DemoCaller.RunAsync(broker, accounts, tally, new Random(n), time.Token)).ToArray();
        var killing = KillOneAsync(server.ConnectionString("postgres"), Duration / 2);
        await DemoScreen.ShowAsync(broker, tally, Duration, killing);
        await Task.WhenAll(callers);
        await host.StopAsync();

        var balances = await DemoSchema.SumOfBalancesAsync(server.ConnectionString("postgres"));
        return DemoVerdict.Tell(tally, balances, Callers, Connections, await killing);
    }

    private static IHost HostFor(NpgsqlConnectionStringBuilder target)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddAkka("demo", akka => akka
            .ConfigureLoggers(loggers => loggers.ClearLoggers())
            .WithBroker(broker => broker.Hocon($$"""
                broker {
                  servers.main { host = "{{target.Host}}", port = {{target.Port}}, tls = disable, max-connections = 8 }
                  databases.demo { server = main, database = "{{target.Database}}", user = "{{target.Username}}" }
                  pool { size = {{Connections}}, overflow = 0 }
                  errands.settle = on
                }
                """)));
        builder.Services.AddBrokerClient();
        return builder.Build();
    }

    /// <summary>Ends a server process of the broker's while it works. Returns its pid.</summary>
    private static async Task<int> KillOneAsync(string connectionString, TimeSpan after)
    {
        await Task.Delay(after);
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var kill = source.CreateCommand("""
            select pid from pg_stat_activity, pg_terminate_backend(pid)
            where backend_type = 'client backend' and pid <> pg_backend_pid() and state <> 'idle' limit 1
            """);
        return await kill.ExecuteScalarAsync() as int? ?? 0;
    }
}
