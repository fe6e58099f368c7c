using System.Threading.Tasks.Sources;
using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Sending;

/// <summary>
/// One caller that awaits one answer: the Sender of its request, and the source of the ValueTask it awaits, in a single object. The
/// first message told is the answer and is read on the caller's thread; every later one is dropped, after `abandoned` has seen it, so
/// that a resource in it can be given back. Not Ask: no task, no timer, no entry in a table. Never used again for a second request,
/// because a late answer to the first would end it.
/// </summary>
internal class Reply<T> : ClientRef, IValueTaskSource<T>, IAnswered
{
    private readonly Func<object, T> _read;
    private readonly Action<object>? _abandoned;
    private ManualResetValueTaskSourceCore<object> _core = new() { RunContinuationsAsynchronously = true };
    private Cancelling? _cancelling;
    private int _told;

    /// <param name="home">Where replies live.</param>
    /// <param name="read">Makes the result of the answer; may throw. A <see cref="Refused"/> is thrown before it is asked.</param>
    /// <param name="abandoned">Sees every answer that nobody will read.</param>
    internal Reply(ReplyHome home, Func<object, T> read, Action<object>? abandoned = null) : base(home) =>
        (_read, _abandoned) = (read, abandoned);

    /// <summary>The answer, once. Refusals are thrown.</summary>
    internal ValueTask<T> Answer => new(this, _core.Version);

    internal override bool IsCancelled => Volatile.Read(ref _cancelling) is { IsAskedFor: true };

    /// <summary>
    /// Sends <paramref name="cancel"/> to <paramref name="receiver"/> when the token fires; the caller keeps waiting for the one answer.
    /// To be called after the request was sent (a cancel must not overtake it), and before the answer is awaited.
    /// </summary>
    internal void CancelBy(IActorRef receiver, object cancel, CancellationToken token)
    {
        if (token.CanBeCanceled)
            _cancelling = new(receiver, cancel, token);
    }

    /// <summary>
    /// Ends the wait without an answer; whatever is told from now on is abandoned. False when the answer was told already.
    /// </summary>
    internal bool TryAbandon(Exception reason)
    {
        if (Interlocked.Exchange(ref _told, 1) != 0)
            return false;
        _core.SetException(reason);
        return true;
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (Interlocked.Exchange(ref _told, 1) != 0)
            _abandoned?.Invoke(message);
        else if (!RemoteTurn.TryTellBehind(this, message))
            _core.SetResult(message);
    }

    void IAnswered.GoOn(object answer, bool here)
    {
        _core.RunContinuationsAsynchronously = !here;
        _core.SetResult(answer);
    }

    T IValueTaskSource<T>.GetResult(short token)
    {
        var cancelled = _cancelling?.End() ?? CancellationToken.None;
        object answer;
        try
        {
            answer = _core.GetResult(token);
        }
        finally
        {
            // Who was told may keep this reference for as long as a lease lasts: it must not keep the caller, nor what the caller made of
            // the answer.
            _core.Reset();
        }
        return answer is Refused refused ? throw Refusal.Of(refused.Failure, cancelled) : _read(answer);
    }

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<T>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
