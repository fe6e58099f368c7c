using Akka.Configuration;
using Akka.Dispatch;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// Runs the mailboxes of a dispatcher in turns (<see cref="RemoteTurn"/>). Named in the settings of the dispatcher of Akka.Remote's actors.
/// </summary>
/// <param name="id">The dispatcher's id.</param>
/// <param name="execute">Where in a turn a mailbox comes: <see cref="RemoteTurn.Do"/> or <see cref="RemoteTurn.DoLast"/>.</param>
internal sealed class RemoteTurnExecutor(string id, Action<IRunnable> execute) : ExecutorService(id)
{
    /// <inheritdoc/>
    public override void Execute(IRunnable run) => execute(run);

    /// <inheritdoc/>
    public override void Shutdown()
    {
        // Threads are the pool's.
    }

    /// <summary>Makes one, for Akka.</summary>
    internal sealed class Configurator(Config config, IDispatcherPrerequisites prerequisites)
        : ExecutorServiceConfigurator(config, prerequisites)
    {
        /// <inheritdoc/>
        public override ExecutorService Produce(string id) => new RemoteTurnExecutor(id, RemoteTurn.Do);
    }
}
