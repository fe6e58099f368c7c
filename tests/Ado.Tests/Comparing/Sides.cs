using System.Data.Common;
using Akka.Hosting;
using Broker.Client;
using Broker.Client.Ado;
using Broker.Hosting;
using Broker.Postgres;
using Broker.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Broker.Ado.Tests.Comparing;

/// <summary>
/// The two providers that are compared, each with a database of its own on one server: Npgsql, which is what is expected, and ours, over a
/// broker in this process, to which callers come by <see cref="WayIn"/>. They start with the first test and end with the process.
/// </summary>
internal sealed record Sides(NpgsqlDataSource Npgsql, BrokerDataSource Broker, BrokerClient Client, string BrokerDatabase)
{
    private const string Schema = """
        create table people (id int primary key, name text not null, born timestamp, mark text unique);
        insert into people values (1, 'Ada', '1815-12-10', 'a'), (2, 'Bea', '1980-05-06', 'b'), (3, 'Cem', null, null), (9, 'Renamed', null, null), (10, 'Renamed', null, null);
        create table pets (id int primary key, owner int references people deferrable initially deferred, kind text check (kind <> 'dragon'));
        create type mood as enum ('sad', 'happy');
        create procedure rename(which int, called text) language sql as 'update people set name = called where id = which';
        """;

    /// <summary>Both.</summary>
    internal static Task<Sides> BothAsync() => Started.Both;

    /// <summary>Each of them.</summary>
    internal IEnumerable<DbDataSource> All => [Npgsql, Broker];

    /// <summary>A type of its own, because its initializer runs once, when it is first asked for.</summary>
    private static class Started
    {
        internal static readonly Task<Sides> Both = StartAsync();
    }

    private static async Task<Sides> StartAsync()
    {
        var (expected, ours) = (await SharedPostgres.CreateDatabaseAsync(), await SharedPostgres.CreateDatabaseAsync());
        foreach (var database in new[] { expected, ours })
        {
            await using var setup = NpgsqlDataSource.Create(database);
            await using var create = setup.CreateCommand(Schema);
            await create.ExecuteNonQueryAsync();
        }

        var settings = WayIn.Settings($$"""
            broker {
              databases.shop { connection-string = "{{ours}}" }
              databases.other { connection-string = "{{expected}}" }
              pool { size = 4, overflow = 2 }
              errands.result-limit = 8MiB
            }
            """);
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddAkka("ado", akka => akka
            .ConfigureLoggers(loggers => loggers.ClearLoggers())
            .WithBroker(broker => broker.Use(settings)));
        builder.Services.AddBrokerClient();
        var host = builder.Build();
        await host.StartAsync();
        var client = WayIn.Client(host.Services.GetRequiredService<BrokerClient>(), settings);
        // By itself it waits 2 s for the end of what it has cancelled, and then gives the connection up.
        var patient = new NpgsqlConnectionStringBuilder(expected) { CancellationTimeout = 30_000 };
        return new(NpgsqlDataSource.Create(patient.ConnectionString), new(client, "shop"), client, ours);
    }
}
