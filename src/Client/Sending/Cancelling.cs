using Akka.Actor;

namespace Broker.Client.Sending;

/// <summary>Passes a caller's cancellation on as a message. An object of its own, because most callers cannot cancel.</summary>
internal sealed class Cancelling
{
    private readonly IActorRef _receiver;
    private readonly object _cancel;
    private readonly CancellationToken _token;
    private readonly CancellationTokenRegistration _registration;

    internal Cancelling(IActorRef receiver, object cancel, CancellationToken token)
    {
        (_receiver, _cancel, _token) = (receiver, cancel, token);
        _registration = token.UnsafeRegister(static state => ((Cancelling)state!).Tell(), this);
    }

    /// <summary>Whether the cancellation was asked for.</summary>
    internal bool IsAskedFor => _token.IsCancellationRequested;

    /// <summary>The answer is there: nothing is passed on any more. The token whose cancellation it would have been.</summary>
    internal CancellationToken End()
    {
        _registration.Dispose();
        return _token;
    }

    private void Tell() => _receiver.Tell(_cancel, ActorRefs.NoSender);
}
