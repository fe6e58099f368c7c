using Broker.Client.Protocol.Messages;

namespace Broker.Client.Remote.Links;

/// <summary>What a request is to its caller. Both ends of a link go by it.</summary>
internal static class RequestKinds
{
    /// <summary>
    /// It goes on with a stream or a channel that its caller has, and is answered there. Once that has ended it has no caller: nobody would
    /// ever stop waiting.
    /// </summary>
    internal static bool Continues(object request) => request is DemandChunks or SendCopyData or FinishCopy or CloseStream or StopListening;

    /// <summary>It may be asked by nobody in particular. What is answered costs something, and is counted by who waits for it.</summary>
    internal static bool MayBeUnanswered(object request) =>
        Continues(request) || request is CancelErrand or CancelInSession or NoteUnsent or LeaveSession or CloseSandbox;
}
