using System.Globalization;
using System.Security.Cryptography;
using Broker.Postgres;

namespace Broker.Host.Serving;

/// <summary>
/// What brokerd serves when it was given no configuration: a PostgreSQL of its own, with doors on this machine only. The gateway asks
/// nobody who they are; the door for .NET programs takes a password that is drawn for this run. All of it, the data included, ends with
/// brokerd.
/// </summary>
internal sealed class PrivateServer : IAsyncDisposable
{
    private const int UsualPort = 6432;
    private const int UsualDoor = 4053;
    private const int PasswordBytes = 16;

    private readonly LocalPostgres _postgres;
    private readonly DirectoryInfo _sockets;
    private readonly string _password = RandomNumberGenerator.GetHexString(2 * PasswordBytes, lowercase: true);
    private int _port = LoopbackPort.FreeLike(UsualPort);
    private int _door = LoopbackPort.FreeLike(UsualDoor);

    private PrivateServer(LocalPostgres postgres, DirectoryInfo sockets) => (_postgres, _sockets) = (postgres, sockets);

    /// <summary>Starts the server and finds places to listen at.</summary>
    /// <exception cref="LocalPostgresException">No server is installed, or it does not start.</exception>
    internal static async Task<PrivateServer> StartAsync() =>
        new(await LocalPostgres.StartAsync(new LocalPostgresOptions()), Directory.CreateTempSubdirectory("brokerd-"));

    /// <summary>The configuration that serves it.</summary>
    internal string Hocon => string.Create(CultureInfo.InvariantCulture, $$"""
        broker {
          servers.main { host = "127.0.0.1", port = {{_postgres.Port}}, tls = disable, max-connections = 80 }
          # The server asks for no password; this one is for the door.
          databases.postgres { server = main, user = "{{User}}", password = "{{_password}}" }
          pool { size = 10, overflow = 0 }
          gateway { listen = ["tcp://127.0.0.1:{{_port}}", "unix://{{_sockets.FullName}}:{{_port}}"], auth = trust }
          door { listen = "tcp://127.0.0.1:{{_door}}" }
        }
        """);

    private string User => _postgres.UserName;

    /// <summary>How to come in.</summary>
    internal string Invitation => string.Create(CultureInfo.InvariantCulture, $$"""
        brokerd serves a PostgreSQL of its own, which ends with it, data and all. Come in with either of
          psql -h 127.0.0.1 -p {{_port}} -U {{User}} postgres
          psql -h {{_sockets.FullName}} -p {{_port}} -U {{User}} postgres
        or from a .NET program with
          BrokerClient.ConnectAsync("akka.tcp://broker@127.0.0.1:{{_door}}", new() { User = "{{User}}", Password = "{{_password}}" })
        """);

    /// <summary>
    /// Looks for other ports in place of those that somebody took between the look and their use. Whether there were any.
    /// </summary>
    internal bool LeaveTakenPorts()
    {
        var (port, door) = (LoopbackPort.FreeLike(_port), LoopbackPort.FreeLike(_door));
        var taken = (port, door) != (_port, _door);
        (_port, _door) = (port, door);
        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await _postgres.DisposeAsync();
        _sockets.Delete(recursive: true);
    }
}
