using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote.Links;

namespace Broker.Doors;

/// <summary>
/// What of a remote client's requests is passed on: no more than it may ask by what it has, and marked with who it is. Its rights to
/// databases are <see cref="DoorAccess"/>.
/// </summary>
/// <param name="holdings">What it has.</param>
/// <param name="names">What the broker calls its errands.</param>
/// <param name="most">How many of its callers may wait for an answer.</param>
internal sealed class RemoteRequests(RemoteHoldings holdings, ErrandNames names, int most)
{
    /// <summary>Why a request is not passed on; null when it is.</summary>
    /// <param name="request">What it asks.</param>
    /// <param name="caller">The number of who asks; 0 when nobody waits for the answer.</param>
    /// <param name="known">The caller of that number, if it waits for an answer already.</param>
    /// <exception cref="MalformedMessageException">No client says this, or not now: it is to be ended.</exception>
    internal Failure? Refusal(object request, long caller, CallerRef? known) => request switch
    {
        LinkCodec.Unread unread => unread.Failure,
        LinkFrame or Hello or ProveUser or Goodbye or not IBrokerRequest =>
            throw new MalformedMessageException($"{request.GetType().Name} is no request of a client"),
        _ when caller == 0 && !RequestKinds.MayBeUnanswered(request) =>
            throw new MalformedMessageException($"{request.GetType().Name} is to be answered to nobody"),
        _ when known is not null && !RemoteHoldings.GoesOn(known.Asked.Request, names.Inward(request)) =>
            throw new MalformedMessageException($"caller {caller} asks again before it is answered"),
        RunInSession { Opens: { } open } run when (open.Session, open.Handle) != (run.Session, run.Handle) =>
            throw new MalformedMessageException("a command opens another conversation than its own"),
        RunInSession { Opens: null } run when !holdings.Has(run.Session, run.Handle) => NotIts(run.Session),
        RunInSession run when holdings.IsJoining(run.Session, run.Handle) => NotIts(run.Session),
        // One at a time: a second would still be joining when the first is refused.
        OpenSession or JoinSession when RemoteHoldings.HandleOf(request) is var (session, handle) && holdings.IsJoining(session, handle) =>
            NotIts(session),
        CancelInSession cancel when !holdings.Has(cancel.Session, cancel.Handle) => NotIts(cancel.Session),
        NoteUnsent note when !holdings.Has(note.Session, note.Handle) => NotIts(note.Session),
        LeaveSession leave when !holdings.Has(leave.Session, leave.Handle) => NotIts(leave.Session),
        // It makes room, and comes once for a handle.
        LeaveSession => null,
        _ when caller != 0 && known is null && holdings.Waiting >= most => new TooManyRequests(most, "broker.door.max-requests"),
        _ => null,
    };

    /// <summary>The request as the broker is told it: who logged in, and what an errand is called, no client says.</summary>
    internal object Marked(object request, string login) => request switch
    {
        OpenSession open => open with { Login = login, Watched = null },
        JoinSession join => join with { Login = login, Watched = null },
        RunInSession run => run with
            { Login = login, Opens = run.Opens is { } open ? open with { Login = login, Watched = null } : null },
        CancelInSession cancel => cancel with { Login = login },
        NoteUnsent note => note with { Login = login },
        LeaveSession leave => leave with { Login = login },
        GetCommitOutcome ask => ask with { Login = login },
        _ => names.Inward(request),
    };

    private static ConversationGone NotIts(SessionId session) => new(session, "this client has no such handle of it");
}
