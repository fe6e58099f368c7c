using Broker.Client;
using Broker.Configuration;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Hosting;

/// <summary>
/// How the callers of a stage come to its broker: here they are in its own process. Contract.Tests compiles the same tests with another
/// class of this name, by which they come through the remote door. Nothing else differs between the two.
/// </summary>
internal static class WayIn
{
    /// <summary>Settings of the actor system that it is started in.</summary>
    internal const string System = "";

    /// <summary>What the broker is started with.</summary>
    internal static BrokerSettings Settings(string hocon) => BrokerSettings.Parse(hocon);

    /// <summary>The client of the tests. Disposed by the stage.</summary>
    /// <param name="home">One in the broker's own process.</param>
    /// <param name="settings">What the broker was started with.</param>
    internal static BrokerClient Client(BrokerClient home, BrokerSettings settings) => home;

    /// <summary>Whether a caller may fail with it because the way to its broker was lost, whatever the broker had to say.</summary>
    internal static bool IsLossOfWay(Failure failure) => false;
}
