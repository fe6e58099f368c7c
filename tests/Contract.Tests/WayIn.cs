using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Remote;
using Broker.Configuration;
using Broker.Postgres;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Hosting;

/// <summary>How the callers of a stage come to its broker: through a remote door on this machine, which every broker here has.</summary>
internal static class WayIn
{
    private static readonly string Users = WriteUsers();

    /// <summary>Settings of the actor system that it is started in.</summary>
    internal const string System = LocalSerializer.Hocon;

    /// <summary>What the broker is started with.</summary>
    internal static BrokerSettings Settings(string hocon) => BrokerSettings.Parse(
        $"{hocon}\nbroker.gateway.auth-file = \"{Users}\"\nbroker.door {{ listen = \"tcp://127.0.0.1:{LoopbackPort.Free()}\", admins = [ann] }}");

    /// <summary>The client of the tests. It connects with its first call. Disposed by the stage.</summary>
    /// <param name="home">One in the broker's own process.</param>
    /// <param name="settings">What the broker was started with.</param>
    internal static BrokerClient Client(BrokerClient home, BrokerSettings settings) =>
        RemoteLink.To($"akka.tcp://broker@127.0.0.1:{settings.Door.Listen!.Port}", new() { User = "ann", Password = "secret" }).Client();

    /// <summary>Whether a caller may fail with it because the way to its broker was lost, whatever the broker had to say.</summary>
    internal static bool IsLossOfWay(Failure failure) => failure is BrokerUnreachable or ConnectionLost;

    private static string WriteUsers()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "\"ann\" \"secret\"\n");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(file);
        return file;
    }
}
