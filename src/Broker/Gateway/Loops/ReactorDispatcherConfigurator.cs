using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;

namespace Broker.Gateway.Loops;

/// <summary>Gives the one dispatcher of a loop, by which an actor finds the loop it is on (<see cref="LoopOf"/>).</summary>
internal sealed class ReactorDispatcherConfigurator : MessageDispatcherConfigurator
{
    private readonly ReactorDispatcher _dispatcher;

    internal ReactorDispatcherConfigurator(string id, Config config, IDispatcherPrerequisites prerequisites, ILoop loop)
        : base(config, prerequisites)
    {
        Loop = loop;
        _dispatcher = new(this, id, loop);
    }

    internal ILoop Loop { get; }

    public override MessageDispatcher Dispatcher() => _dispatcher;

    /// <summary>The loop that an actor runs on.</summary>
    /// <exception cref="InvalidOperationException">
    /// It runs on none: it was made without the dispatcher of its parent, which is not inherited.
    /// </exception>
    internal static ILoop LoopOf(IActorContext context) =>
        context.Dispatcher.Configurator is ReactorDispatcherConfigurator { Loop: var loop }
        ? loop
        : throw new InvalidOperationException($"{context.Self.Path} is on no loop");
}
