using System.Collections.Immutable;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization.Forms;
using static Broker.Client.Protocol.Serialization.Forms.RecordForm;

namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// Every type that has a manifest: beside the messages those that a message holds one of several of. A manifest, once used, is never used
/// for anything else.
/// </summary>
internal static class MessageTable
{
    /// <summary>What may be sent by itself.</summary>
    internal static Family<object> Messages { get; } = new(
        Of<Refused>("x"),
        Of<FindPool>("fp"), Of<PoolFound>("pf"),
        Of<RunErrand>("e"), Of<CancelErrand>("ce"), Of<ErrandCompleted>("c"),
        Of<OpenStream>("os"), Of<StreamOpened>("so"), Of<DemandChunks>("d"), Of<StreamRows>("r"), Of<StreamBytes>("b"),
        Of<SendCopyData>("s"), Of<CopyDataTaken>("t"), Of<FinishCopy>("fc"), Of<StreamEnded>("se"), Of<CloseStream>("cs"),
        Of<StartListening>("sl"), Of<ListeningStarted>("ls"), Of<Notified>("n"), Of<ListeningGap>("lg"), Of<StopListening>("pl"),
        Of<GetPoolStatus>("gp"), Of<PoolStatus>("ps"), Of<InvalidatePool>("ip"), Of<PoolInvalidated>("pi"),
        Of<SuspendPool>("sp"), Of<PoolSuspended>("pu"), Of<ResumePool>("rp"), Of<PoolResumed>("pr"),
        Of<OpenSession>("oc"), Of<JoinSession>("jc"), Of<SessionOpened>("co"),
        Of<RunInSession>("i"), Of<SessionAnswer>("a"), Of<CancelInSession>("ci"),
        Of<NoteUnsent>("nu"), Of<LeaveSession>("lc"), Of<SessionLeft>("cl"), Of<GetCommitOutcome>("go"), Of<CommitOutcome>("ou"),
        Of<OpenSandbox>("ob"), Of<SandboxOpened>("bo"), Of<CloseSandbox>("cb"), Of<SandboxClosed>("bc"),
        Of<Hello>("h"), Of<Challenged>("hc"), Of<ProveUser>("hp"), Of<Admitted>("ha"), Of<LinkFrame>("l"), Of<Goodbye>("hg"));

    /// <summary>What a conversation is told to do.</summary>
    internal static Family<ISessionCommand> Commands { get; } = new(
        Of<Execute>("X"), Of<Flush>("F"), Of<Commit>("C"), Of<Rollback>("R"),
        Of<OpenScope>("OS"), Of<ReleaseScope>("RS"), Of<RollbackScope>("BS"),
        Of<OpenCursor>("OC"), Of<FetchCursor>("FC"), Of<CloseCursor>("CC"));

    /// <summary>What comes of it.</summary>
    internal static Family<ISessionReply> Replies { get; } = new(
        Of<Executed>("E"), Of<Flushed>("L"), Of<Committed>("M"), Of<RolledBack>("B"),
        Of<ScopeOpened>("SO"), Of<ScopeReleased>("SR"), Of<ScopeRolledBack>("SB"),
        Of<CursorRows>("Q"), Of<CursorClosed>("QC"), Of<StillRunning>("W"), Of<ReplyNotKept>("NK"), Of<CommandRefused>("Z"));

    /// <summary>What a flush consists of.</summary>
    internal static Family<FlushStep> Steps { get; } = new(Of<StatementStep>("T"), Of<CopyStep>("P"));

    /// <summary>What a stream is of.</summary>
    internal static Family<StreamSource> Sources { get; } = new(Of<QueryRows>("q"), Of<CopyOut>("o"), Of<CopyIn>("k"));

    /// <summary>What went wrong.</summary>
    internal static Family<Failure> Failures { get; } = new(
        Of<AnswerLost>("0al"), Of<AnswerMissing>("0am"), Of<AutoflushFailed>("0af"), Of<BrokerStopping>("0bs"), Of<Cancelled>("0c"),
        Of<CheckViolated>("0cv"), Of<CommitRolledBack>("0cr"), Of<CommitUnknown>("0cu"), Of<ConnectionLost>("0cl"),
        Of<ConversationFailed>("0cf"), Of<ConversationGone>("0cg"), Of<ConversationMoved>("0cm"), Of<CursorRefused>("0qr"),
        Of<DuplicateKey>("0dk"), Of<EntityRefused>("0er"), Of<ForeignKeyViolated>("0fk"), Of<HookFailed>("0hf"),
        Of<KeyRefused>("0kr"), Of<KeyReused>("0ku"), Of<KeySpent>("0ks"), Of<LeaseRevoked>("0lr"), Of<LedgerUnavailable>("0lu"),
        Of<ListenRefused>("0nr"), Of<LoadShed>("0ls"), Of<LoginRefused>("0gr"), Of<NotCommitsOwner>("0no"), Of<NullRefused>("0nl"),
        Of<OutcomeUnknown>("0ou"), Of<ParameterRefused>("0pr"), Of<PoolBusy>("0pb"), Of<PoolExhausted>("0pe"), Of<PoolHeld>("0ph"),
        Of<ResultMismatch>("0rm"), Of<ResultTooLarge>("0rl"), Of<RowMissing>("0rg"), Of<SandboxBusy>("0bb"), Of<SandboxOver>("0bo"),
        Of<SandboxRefused>("0br"), Of<ScopeRefused>("0sr"), Of<SelfStarved>("0ss"), Of<SequenceRefused>("0qn"),
        Of<ServerUnavailable>("0su"), Of<SessionHookFailed>("0sh"), Of<SessionReentered>("0se"), Of<SeveralRefused>("0sv"),
        Of<StaleRows>("0st"), Of<StatementFailed>("0f"), Of<StatementRefused>("0r"), Of<StreamStalled>("0sl"), Of<TooManyClients>("0tc"),
        Of<TransactionTimedOut>("0tt"), Of<UnknownDatabase>("0ud"), Of<ValueOutOfRange>("0vr"), Of<VersionUnsupported>("0vu"),
        Of<AccessDenied>("0ad"), Of<BrokerUnreachable>("0bu"), Of<ClientRefused>("0ic"), Of<ClientStalled>("0is"),
        Of<ProtocolUnsupported>("0iv"), Of<TooManyRequests>("0tr"));

    /// <summary>All of them.</summary>
    internal static ImmutableArray<RecordForm> All { get; } =
        [.. Messages.Members, .. Commands.Members, .. Replies.Members, .. Steps.Members, .. Sources.Members, .. Failures.Members];
}
