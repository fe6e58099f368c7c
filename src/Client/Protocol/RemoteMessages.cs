using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Protocol;

/// <summary>
/// Every message that may cross between processes: the one list that serialization, versioning and the architecture tests go by.
/// </summary>
public static class RemoteMessages
{
    /// <summary>Requests and replies, in the order of their manifests.</summary>
    public static ImmutableArray<Type> All { get; } =
    [
        typeof(Refused),
        typeof(FindPool), typeof(PoolFound),
        typeof(RunErrand), typeof(CancelErrand), typeof(ErrandCompleted),
        typeof(OpenStream), typeof(StreamOpened), typeof(DemandChunks), typeof(StreamRows), typeof(StreamBytes),
        typeof(SendCopyData), typeof(CopyDataTaken), typeof(FinishCopy), typeof(StreamEnded), typeof(CloseStream),
        typeof(StartListening), typeof(ListeningStarted), typeof(Notified), typeof(ListeningGap), typeof(StopListening),
        typeof(GetPoolStatus), typeof(PoolStatus), typeof(InvalidatePool), typeof(PoolInvalidated),
        typeof(SuspendPool), typeof(PoolSuspended), typeof(ResumePool), typeof(PoolResumed),
        typeof(OpenSession), typeof(JoinSession), typeof(SessionOpened), typeof(RunInSession), typeof(SessionAnswer),
        typeof(CancelInSession),
        typeof(NoteUnsent), typeof(LeaveSession), typeof(SessionLeft), typeof(GetCommitOutcome), typeof(CommitOutcome),
        typeof(OpenSandbox), typeof(SandboxOpened), typeof(CloseSandbox), typeof(SandboxClosed),
        typeof(Hello), typeof(Challenged), typeof(ProveUser), typeof(Admitted), typeof(LinkFrame), typeof(Goodbye),
    ];
}
