using Akka.Hosting;
using Broker.Hosting;
using Broker.Postgres;
using Microsoft.Extensions.Hosting;

namespace Broker.Clients.Tests.Reaching;

/// <summary>A broker in this process, with a gateway, before the server of an endpoint. It ends with the process.</summary>
internal static class BrokerBefore
{
    /// <summary>Starts one, and gives the way in.</summary>
    internal static async Task<Endpoint> StartAsync(Endpoint server, string? password, Endpoints.Way way)
    {
        var port = LoopbackPort.Free();
        var folder = Directory.CreateTempSubdirectory("broker-clients-").FullName;
        var user = $"server = main, user = \"{server.User}\"{(password is null ? "" : $", password = \"{password}\"")}";
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddAkka($"clients-{way.Name.Replace(' ', '-')}", akka => akka
            .ConfigureLoggers(loggers => loggers.ClearLoggers())
            .WithBroker(broker => broker.Hocon($$"""
                broker {
                  servers.main { host = "{{server.Host}}", port = {{server.Port}}, max-connections = {{way.Pool + 4}} }
                  databases {
                    "{{server.Database}}" { {{user}} }
                    "{{server.Database}}{{Endpoints.SecondDatabase}}" { {{user}} }
                  }
                  pool { size = {{way.Pool}}, overflow = 0 }
                  gateway { listen = ["tcp://127.0.0.1:{{port}}", "unix://{{folder}}:{{port}}"], auth = trust, {{way.Gateway}} }
                }
                """)));
        await builder.Build().StartAsync();
        var host = way.ByFolder ? folder : "127.0.0.1";
        return new Endpoint(way.Name, host, port, server.Database, server.User, way.Keeping) { Behind = server };
    }
}
