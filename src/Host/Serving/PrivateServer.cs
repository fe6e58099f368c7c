using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Broker.Postgres;

namespace Broker.Host.Serving;

/// <summary>
/// What brokerd serves when it was given no configuration: a PostgreSQL of its own, with doors on this machine only that ask nobody who they
/// are. All of it, the data included, ends with brokerd.
/// </summary>
internal sealed class PrivateServer : IAsyncDisposable
{
    private const int UsualPort = 6432;

    private readonly LocalPostgres _postgres;
    private readonly DirectoryInfo _sockets;
    private int _port;

    private PrivateServer(LocalPostgres postgres, DirectoryInfo sockets, int port) => (_postgres, _sockets, _port) = (postgres, sockets, port);

    /// <summary>Starts the server and finds places to listen at.</summary>
    /// <exception cref="LocalPostgresException">No server is installed, or it does not start.</exception>
    internal static async Task<PrivateServer> StartAsync() =>
        new(await LocalPostgres.StartAsync(new LocalPostgresOptions()), Directory.CreateTempSubdirectory("brokerd-"), ChoosePort());

    /// <summary>The configuration that serves it.</summary>
    internal string Hocon => string.Create(CultureInfo.InvariantCulture, $$"""
        broker {
          servers.main { host = "127.0.0.1", port = {{_postgres.Port}}, tls = disable, max-connections = 80 }
          databases.postgres { server = main, user = "{{_postgres.UserName}}" }
          pool { size = 10, overflow = 0 }
          gateway { listen = ["tcp://127.0.0.1:{{_port}}", "unix://{{_sockets.FullName}}:{{_port}}"], auth = trust }
        }
        """);

    /// <summary>How to come in.</summary>
    internal string Invitation => string.Create(CultureInfo.InvariantCulture, $"""
        brokerd serves a PostgreSQL of its own, which ends with it, data and all. Come in with either of
          psql -h 127.0.0.1 -p {_port} -U {_postgres.UserName} postgres
          psql -h {_sockets.FullName} -p {_port} -U {_postgres.UserName} postgres
        """);

    /// <summary>Looks for another port, if somebody took this one between the look and its use.</summary>
    internal bool LeaveTakenPort()
    {
        var taken = TryPort(_port) is null;
        _port = taken ? TryPort(0)!.Value : _port;
        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await _postgres.DisposeAsync();
        _sockets.Delete(recursive: true);
    }

    private static int ChoosePort() => TryPort(UsualPort) ?? TryPort(0)!.Value;

    /// <summary>A port of 127.0.0.1 when it is free; 0 asks for any that is.</summary>
    private static int? TryPort(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
