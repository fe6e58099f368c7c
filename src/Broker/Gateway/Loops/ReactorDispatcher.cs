using Akka.Dispatch;

namespace Broker.Gateway.Loops;

/// <summary>
/// An Akka dispatcher that is a loop: each mailbox runs there. It does not end the loop; <see cref="Reactors"/> does, when the actors are
/// gone.
/// </summary>
internal sealed class ReactorDispatcher : MessageDispatcher
{
    private readonly ILoop _loop;

    /// <summary>Makes one.</summary>
    /// <param name="configurator">Its maker.</param>
    /// <param name="id">What an actor gives its children, which do not inherit it, to keep them on the loop.</param>
    /// <param name="loop">Where mailboxes run.</param>
    internal ReactorDispatcher(ReactorDispatcherConfigurator configurator, string id, ILoop loop)
        : base(configurator) => (Id, _loop) = (id, loop);

    protected override void ExecuteTask(IRunnable run) => _loop.Post(run);

    protected override void Shutdown()
    {
    }
}
