using Akka.Dispatch;

namespace Broker.Gateway.Loops;

/// <summary>An Akka dispatcher that is a loop: each mailbox runs there. It does not end the loop; <see cref="Reactors"/> does, when the actors are gone.</summary>
internal sealed class ReactorDispatcher : MessageDispatcher
{
    private readonly ILoop _loop;

    internal ReactorDispatcher(ReactorDispatcherConfigurator configurator, ILoop loop)
        : base(configurator) => _loop = loop;

    protected override void ExecuteTask(IRunnable run) => _loop.Post(run);

    protected override void Shutdown()
    {
    }
}
