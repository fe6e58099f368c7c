using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Sending;

namespace Broker.Client.Sandboxes;

/// <summary>
/// A place for a test: whatever is done through <see cref="Broker"/>, by any number of tasks, happens inside one outer transaction for each
/// pool, which is rolled back when this is disposed. A commit inside makes the work seen by the sandbox's other callers, and by nobody
/// else. One transaction runs in it at a time, the others wait for their turn. One that is forgotten is found by the garbage collector and
/// reported with the place that opened it.
/// </summary>
public sealed class Sandbox : IAsyncDisposable
{
    private readonly IActorRef _supervisor;
    private readonly ReplyHome _home;
    private int _closed;

    internal Sandbox(BrokerClient broker, IActorRef supervisor, ReplyHome home) =>
        (Broker, _supervisor, _home) = (broker, supervisor, home);

    /// <summary>Ends a sandbox that nobody holds any more.</summary>
    ~Sandbox()
    {
        if (_closed == 0)
            _supervisor.Tell(new CloseSandbox(Forgotten: true), ActorRefs.NoSender);
    }

    /// <summary>The broker as the code under test is to see it. It does not keep the sandbox from being collected.</summary>
    public BrokerClient Broker { get; }

    /// <summary>
    /// Ends when everything is rolled back and the connections have gone back. Sessions left open are closed, and whoever still waits is
    /// refused. Any number of times. It ends too when the way to the broker is lost, which rolls back all the same.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        GC.SuppressFinalize(this);
        var reply = new Reply<SandboxClosed>(_home, static answer => (SandboxClosed)answer);
        _supervisor.Tell(new CloseSandbox(), reply);
        try
        {
            await reply.Answer.ConfigureAwait(false);
        }
        catch (BrokerException)
        {
            // It ended with the broker, or with the way to it. To throw would hide why it is disposed. A door that takes no more requests
            // takes what nobody waits for.
            _supervisor.Tell(new CloseSandbox(), ActorRefs.NoSender);
        }
    }
}
