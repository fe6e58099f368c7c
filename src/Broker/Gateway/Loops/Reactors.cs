using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Broker.Gateway.Loops;

/// <summary>The loops of an actor system: each has a dispatcher of its own id, and ends when the system has ended.</summary>
internal sealed class Reactors : IExtension
{
    /// <summary>How long the end of a loop's thread is waited for.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    /// <summary>How long a turn may take before a warning: many times what the longest should.</summary>
    private static readonly TimeSpan StallLimit = TimeSpan.FromMilliseconds(50);

    private readonly ExtendedActorSystem _system;
    private Lazy<ImmutableArray<string>>? _dispatchers;

    private Reactors(ExtendedActorSystem system) => _system = system;

    /// <summary>Those of a system.</summary>
    internal static Reactors Of(ActorSystem system) => system.WithExtension<Reactors, Provider>();

    /// <summary>The dispatchers, as ids for <see cref="Props.WithDispatcher"/>; started at the first call.</summary>
    /// <param name="count">How many loops; a later call has no say.</param>
    /// <param name="portable">Whether the loops are those that need no epoll.</param>
    internal ImmutableArray<string> Start(int count, bool portable = false)
    {
        var start = new Lazy<ImmutableArray<string>>(
            () => [.. Enumerable.Range(1, count).Select(number => StartLoop($"broker-reactor-{number}", portable))]);
        return (Interlocked.CompareExchange(ref _dispatchers, start, null) ?? start).Value;
    }

    private string StartLoop(string id, bool portable)
    {
        var log = Logging.GetLogger(_system, typeof(Reactors));
        void Failed(Exception exception) => log.Error(exception, "something on loop {Loop} has failed", id);
        ILoop loop = portable || !Epoll.IsSupported ? StartPortable(Failed) : StartEpoll(id, Failed, log);
        var own = ConfigurationFactory.ParseString($"{id} {{\n id = {id}\n throughput = 30\n mailbox-type = \"{LoopMailbox.Type}\"\n}}");
        // Akka looks the type of a mailbox up by the id of its dispatcher, in the settings of the system
        _system.Settings.InjectTopLevelFallback(own);
        var config = own.GetConfig(id).WithFallback(_system.Settings.Config.GetConfig("akka.actor.default-dispatcher"));
        if (!_system.Dispatchers.RegisterConfigurator(id,
            new ReactorDispatcherConfigurator(id, config, _system.Dispatchers.Prerequisites, loop)))
            throw new InvalidOperationException($"the dispatcher {id} exists already");
        return id;
    }

    private PortableLoop StartPortable(Action<Exception> failed)
    {
        var loop = new PortableLoop(failed);
        EndWithSystem(loop.Stop);
        return loop;
    }

    private EpollLoop StartEpoll(string id, Action<Exception> failed, ILoggingAdapter log)
    {
        var loop = new EpollLoop(id, failed);
        var watch = new StallWatch(id, loop.Turn, StallLimit, log, TimeProvider.System);
        EndWithSystem(() =>
        {
            watch.Dispose();
            if (!loop.Stop(StopLimit))
                log.Error("loop {Loop} did not end: it runs {What}", id, loop.Turn.What());
        });
        return loop;
    }

    private void EndWithSystem(Action end)
    {
        try
        {
            _system.RegisterOnTermination(end);
        }
        catch
        {
            // it has ended already, and nobody else would end the loop
            end();
            throw;
        }
    }

    private sealed class Provider : ExtensionIdProvider<Reactors>
    {
        public override Reactors CreateExtension(ExtendedActorSystem system) => new(system);
    }
}
