using Broker.Client.Protocol.Messages;
using Broker.Client.Remote.Frames;

namespace Broker.Client.Remote.Links;

/// <summary>What must stay in order on its way to the broker.</summary>
internal static class RequestLanes
{
    /// <summary>
    /// The lane of a message; all that concerns one errand, stream or conversation shares one, and all else that is told to one actor.
    /// </summary>
    internal static LaneKey Of(object message, long target) => message switch
    {
        RunErrand errand => LaneKey.Of(errand.Id),
        CancelErrand cancel => LaneKey.Of(cancel.Id),
        OpenStream open => LaneKey.Of(open.Id),
        DemandChunks demand => LaneKey.Of(demand.Id),
        SendCopyData data => LaneKey.Of(data.Id),
        FinishCopy finish => LaneKey.Of(finish.Id),
        CloseStream close => LaneKey.Of(close.Id),
        OpenSession open => LaneKey.Of(open.Session),
        JoinSession join => LaneKey.Of(join.Session),
        RunInSession run => LaneKey.Of(run.Session),
        CancelInSession cancel => LaneKey.Of(cancel.Session),
        NoteUnsent note => LaneKey.Of(note.Session),
        LeaveSession leave => LaneKey.Of(leave.Session),
        _ => new(0, target),
    };
}
