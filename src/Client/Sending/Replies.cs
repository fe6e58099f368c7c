using System.Threading.Channels;
using Akka.Actor;
using Akka.Dispatch.SysMsg;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Sending;

/// <summary>
/// One caller that is told many messages, in order: the rows of a stream, the notifications of a channel. It holds as many as come; the
/// bound is the credit that its reader gives. The death of what it watches arrives as a refusal, behind all that was told before.
/// </summary>
internal sealed class Replies : ClientRef
{
    private readonly Channel<IBrokerReply> _told = Channel.CreateUnbounded<IBrokerReply>(new() { SingleReader = true });
    private readonly Failure _uponDeath;

    private readonly CancellationToken _opening;

    /// <param name="home">Where replies live.</param>
    /// <param name="uponDeath">What the death of what is watched is told as.</param>
    /// <param name="opening">Cancels the request that it waits for at first.</param>
    internal Replies(ReplyHome home, Failure uponDeath, CancellationToken opening = default) : base(home.Own()) =>
        (_uponDeath, _opening) = (uponDeath, opening);

    internal override bool IsCancelled => _opening.IsCancellationRequested;

    /// <summary>The next message. Refusals are thrown.</summary>
    /// <param name="cancellation">Ends the wait, unless <paramref name="waitOn"/>.</param>
    /// <param name="waitOn">Wait also after cancelling: the answer must be seen.</param>
    internal async ValueTask<IBrokerReply> NextAsync(CancellationToken cancellation, bool waitOn = false)
    {
        var next = await _told.Reader.ReadAsync(waitOn ? CancellationToken.None : cancellation).ConfigureAwait(false);
        return next is Refused refused ? throw Refusal.Of(refused.Failure, cancellation) : next;
    }

    /// <summary>From now on the actor's death is told here; at once if it is dead.</summary>
    internal void Watch(IActorRef actor)
    {
        var watched = (IInternalActorRef)actor;
        watched.SendSystemMessage(new Watch(watched, this));
    }

    internal void Unwatch(IActorRef actor)
    {
        var watched = (IInternalActorRef)actor;
        watched.SendSystemMessage(new Unwatch(watched, this));
    }

    public override void SendSystemMessage(ISystemMessage message)
    {
        if (message is DeathWatchNotification)
            _told.Writer.TryWrite(new Refused(_uponDeath));
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (message is IBrokerReply reply)
            _told.Writer.TryWrite(reply);
    }
}
