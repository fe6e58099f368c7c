using System.Net.Sockets;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Remote;

/// <summary>Makes the actor systems of both ends of a wire, which have nothing of Akka.Remote switched on that is not needed.</summary>
public static class RemoteSystems
{
    /// <summary>The name that a broker's system has unless it is told another.</summary>
    public const string DefaultName = "broker";

    /// <summary>
    /// The dispatcher of Akka.Remote's own actors in both systems. An actor on it that answers at once does so within the turn of the
    /// thread that read the message, without another being woken; one that computes for long, or blocks, would hold up the connection.
    /// </summary>
    public const string Dispatcher = "akka.remote.turns";

    /// <summary>
    /// A system that clients connect to: <c>akka.tcp://{name}@door:1</c> for them, wherever it listens. It listens when this returns.
    /// </summary>
    /// <param name="name">Its name, which clients have to know.</param>
    /// <param name="end">Where and how it listens; used for this system only.</param>
    /// <param name="extra">What goes before the settings made here, such as loggers.</param>
    /// <exception cref="SocketException">It cannot listen there, as when the port is taken.</exception>
    public static ActorSystem Listen(string name, ListeningEnd end, Config? extra = null)
    {
        // Before there is a system: the start of one whose transport cannot listen never ends.
        end.Listen();
        try
        {
            return Create(name, end, end.Format, extra);
        }
        catch
        {
            end.Socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A system that connects to a broker with the first message that is sent to it (<see cref="Resolve"/>).
    /// </summary>
    /// <param name="name">Its name, which no other client of the broker may have at the same time.</param>
    /// <param name="end">Where the broker is; used for this system only.</param>
    /// <param name="extra">What goes before the settings made here, such as loggers.</param>
    public static ActorSystem Connect(string name, ConnectingEnd end, Config? extra = null) => Create(name, end, end.Format, extra);

    /// <summary>The reference, at a client, to an actor of the broker; sending to it connects.</summary>
    /// <param name="system">The client's system.</param>
    /// <param name="path">The actor's path in the broker, such as <c>/user/door</c>.</param>
    /// <param name="broker">The name of the broker's system.</param>
    public static IActorRef Resolve(ActorSystem system, string path, string broker = DefaultName) =>
        ((ExtendedActorSystem)system).Provider.ResolveActorRef(
            $"{VirtualAddress.Protocol}://{broker}@{VirtualAddress.Door}:{VirtualAddress.Port}{path}");

    private static ActorSystem Create(string name, Setup end, WireFormat format, Config? extra)
    {
        var settings = RemoteSettingsText.For(format);
        var config = extra is null ? settings : extra.WithFallback(settings);
        return ActorSystem.Create(name, ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(config), end));
    }
}
