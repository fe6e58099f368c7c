using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Listening;
using Broker.Streams;

namespace Broker.Pools;

/// <summary>The streams of a pool and its listener: children of the pool's actor, found by their names. Owned by that actor.</summary>
internal sealed class StreamDesk
{
    private const string Listener = "listener";

    private readonly IUntypedActorContext _context;
    private readonly StreamPlan _plan;
    private readonly Func<Props> _listener;

    /// <param name="plan">How streams run.</param>
    /// <param name="listener">How the listener is made.</param>
    /// <param name="context">That of the pool's actor.</param>
    internal StreamDesk(StreamPlan plan, Func<Props> listener, IUntypedActorContext context) =>
        (_plan, _listener, _context) = (plan, listener, context);

    /// <summary>Starts a stream; all else is between it and its caller. A request that is sent twice is carried out once.</summary>
    internal void Open(OpenStream request, IActorRef caller)
    {
        if (Find(request.Id).IsNobody())
        {
            _context.ActorOf(StreamActor.For(_plan, request, caller), NameOf(request.Id));
        }
    }

    /// <summary>Passes a cancellation on, if it is about a stream.</summary>
    internal void Cancel(CancelErrand cancel) => Find(cancel.Id).Tell(cancel, ActorRefs.NoSender);

    /// <summary>Passes a request to the listener, which is made with the first. One that stops with its pool is not made anew.</summary>
    internal void Listen(object request, IActorRef caller)
    {
        var listener = _context.Child(Listener);
        if (listener.IsNobody())
        {
            listener = _context.ActorOf(_listener(), Listener);
        }
        listener.Tell(request, caller);
    }

    /// <summary>The pool's plan is another.</summary>
    /// <param name="plan">It.</param>
    /// <param name="outdates">Whether it leads elsewhere, so that the listener has to listen there.</param>
    internal void Change(PoolPlan plan, bool outdates)
    {
        if (plan.Listening is { } listening)
        {
            TellListener(new ChangeListenerPlan(listening, outdates));
        }
    }

    /// <summary>Tells the listener of the pool's fate, if there is one.</summary>
    internal void TellListener(object news) => _context.Child(Listener).Tell(news, ActorRefs.NoSender);

    private IActorRef Find(ErrandId id) => _context.Child(NameOf(id));

    private static string NameOf(ErrandId id) => $"stream-{id}";
}
