using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Broker.Client.Remote.Transport;

namespace Broker.Hosting;

/// <summary>
/// The dispatcher of pools and their connections. What a remote client's actor tells them, and what they tell each other, runs on the
/// thread that told it when it has done what it was doing: on a statement's way from a client's socket to the server's no thread is woken.
/// What there is to do beside that goes to other threads (<see cref="RemoteTurn.DoLast"/>), as does what is told by a thread that takes no
/// turn.
/// </summary>
internal static class TurnDispatcher
{
    /// <summary>Its id.</summary>
    private const string Id = "broker-turns";

    private static readonly Config Settings = ConfigurationFactory.ParseString(
        $$"""
        id = {{Id}}
        type = Dispatcher
        executor = "{{typeof(Configurator).FullName}}, {{typeof(Configurator).Assembly.GetName().Name}}"
        throughput = 30
        """);

    /// <summary>
    /// Gives a system the dispatcher. Not by its settings: when those of a running system are changed it makes its serializers anew, and
    /// what is being read at that moment is read by another than wrote it.
    /// </summary>
    internal static void AddTo(ActorSystem system) => system.Dispatchers.RegisterConfigurator(Id,
        new DispatcherConfigurator(
            Settings.WithFallback(system.Settings.Config.GetConfig("akka.actor.default-dispatcher")), system.Dispatchers.Prerequisites));

    /// <summary>The same props, on this dispatcher.</summary>
    internal static Props On(Props props) => props.WithDispatcher(Id);

    /// <summary>Makes the executor, for Akka.</summary>
    internal sealed class Configurator(Config config, IDispatcherPrerequisites prerequisites)
        : ExecutorServiceConfigurator(config, prerequisites)
    {
        public override ExecutorService Produce(string id) => new RemoteTurnExecutor(id, RemoteTurn.DoLast);
    }
}
