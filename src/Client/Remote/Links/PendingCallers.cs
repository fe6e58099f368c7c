using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Sending;

namespace Broker.Client.Remote.Links;

/// <summary>Callers that wait for an answer of the broker, by numbers of the link's own. Mutable, and owned by the link's actor.</summary>
internal sealed class PendingCallers
{
    private readonly Dictionary<long, PendingCaller> _waiting = [];
    private readonly Dictionary<IActorRef, long> _numbers = [];
    private long _last;

    /// <summary>All that wait, in the order in which they asked.</summary>
    internal IReadOnlyList<PendingCaller> All => [.. _waiting.Values.OrderBy(static waiting => waiting.Number)];

    /// <summary>How many wait.</summary>
    internal int Count => _waiting.Count;

    /// <summary>The caller of a request. One that is told many answers keeps its number until the last.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="target">Whom.</param>
    /// <param name="request">What.</param>
    /// <param name="findsAgain">The pool that the answer is for, when the link itself asks.</param>
    internal PendingCaller Add(IActorRef caller, RemoteRef target, object request, RemoteRef? findsAgain = null)
    {
        var many = caller is Replies;
        if (many && _numbers.TryGetValue(caller, out var number))
        {
            return _waiting[number];
        }
        var pending = new PendingCaller(++_last, caller, target, request) { FindsAgain = findsAgain };
        _waiting.Add(pending.Number, pending);
        if (many)
        {
            _numbers.Add(caller, pending.Number);
        }
        return pending;
    }

    /// <summary>The same caller, if it still waits; null when it was told its last answer.</summary>
    internal PendingCaller? Find(IActorRef caller) => _numbers.TryGetValue(caller, out var number) ? _waiting[number] : null;

    /// <summary>Who waits under a number; removed if this is its last answer. Null when nobody does.</summary>
    internal PendingCaller? Answer(long number, object answer)
    {
        if (!_waiting.TryGetValue(number, out var pending))
        {
            return null;
        }
        if (!pending.IsToldMany || answer is Refused or StreamEnded)
        {
            Remove(pending);
        }
        return pending;
    }

    /// <summary>It does not wait any more.</summary>
    internal void Remove(PendingCaller pending)
    {
        _waiting.Remove(pending.Number);
        _numbers.Remove(pending.Caller);
    }
}

/// <summary>A caller that waits.</summary>
internal sealed class PendingCaller(long number, IActorRef caller, RemoteRef target, object request)
{
    /// <summary>Its number.</summary>
    internal long Number => number;

    /// <summary>Who is told the answer.</summary>
    internal IActorRef Caller => caller;

    /// <summary>Whom it asked.</summary>
    internal RemoteRef Target => target;

    /// <summary>What it asked first.</summary>
    internal object Request => request;

    /// <summary>Whether it is told more than one answer.</summary>
    internal bool IsToldMany { get; } = caller is Replies;

    /// <summary>Whether the broker may have got the request.</summary>
    internal bool MayHaveArrived { get; private set; }

    /// <summary>Whether the caller has said all that its COPY copies; that may wait to be sent.</summary>
    internal bool HasEnded { get; set; }

    /// <summary>
    /// Whether what a stream does may be committed when the broker has it no more: the end of a COPY from the caller was sent, or the
    /// broker was not seen to say that it only reads.
    /// </summary>
    internal bool MayHaveCommitted { get; set; } = request is OpenStream { Source: not CopyIn };

    /// <summary>Whether the caller has asked for its cancellation.</summary>
    internal bool IsCancelled => caller is ClientRef { IsCancelled: true };

    /// <summary>The pool's reference that its answer is for; null unless the link asks for itself.</summary>
    internal RemoteRef? FindsAgain { get; init; }

    /// <summary>What its caller has said so far is sent from now on.</summary>
    internal void GoesOut()
    {
        MayHaveArrived = true;
        MayHaveCommitted |= HasEnded;
    }
}
