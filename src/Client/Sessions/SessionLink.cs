using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Flushing;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Sending;

namespace Broker.Client.Sessions;

/// <summary>
/// A handle's line to its conversation: opens or joins it with the first command, numbers commands, and remembers the epoch. Used by one
/// turn at a time.
/// </summary>
internal sealed class SessionLink
{
    private static readonly TimeSpan BeforeAskingAgain = TimeSpan.FromMilliseconds(200);

    private readonly StatementSender _sender;
    private readonly string _database;
    private readonly SessionOptions _options;
    private IActorRef? _conversation;
    private Epoch _epoch;
    private long _sequence;
    private int _left;

    internal SessionLink(StatementSender sender, string database, SessionOptions options, SessionId? joined)
    {
        (_sender, _database, _options) = (sender, database, options);
        (Session, Joined) = (joined ?? SessionId.Draw(), joined is not null);
        Handle = HandleId.Draw();
    }

    /// <summary>The conversation's id.</summary>
    internal SessionId Session { get; }

    /// <summary>The handle's own id.</summary>
    internal HandleId Handle { get; }

    /// <summary>Whether somebody else opened the conversation.</summary>
    internal bool Joined { get; }

    /// <summary>What the last refused write or commit said of other handles' moves; null when there is nothing to acknowledge.</summary>
    internal ConversationMoved? Moved { get; private set; }

    /// <summary>Whether the handle has left.</summary>
    internal bool HasLeft => Volatile.Read(ref _left) != 0;

    /// <summary>Why everything is refused until a rollback; null when nothing is.</summary>
    internal Failure? Failed { get; private set; }

    /// <summary>Whether the conversation has other handles.</summary>
    internal bool Shared { get; private set; }

    /// <summary>Whether a transaction may be open, as far as this handle knows.</summary>
    internal bool MayHaveTransaction { get; private set; }

    /// <summary>Whether a commit of this handle took effect that changed something.</summary>
    internal bool HasCommitted { get; private set; }

    /// <summary>Tables that others wrote since this was taken last.</summary>
    internal ImmutableArray<string> Stale { get; private set; } = [];

    /// <summary>Joins the conversation now, so that one that is not there is refused at once.</summary>
    internal async ValueTask OpenAsync()
    {
        // A full fence: whoever leaves sets _left and then reads this, and whoever opens sets this and then reads _left. One of both must
        // see the other.
        if (_conversation is null)
            Interlocked.Exchange(ref _conversation, await FindAsync().ConfigureAwait(false));
    }

    /// <summary>Has the conversation run a command. Refusals are thrown.</summary>
    /// <param name="command">The command.</param>
    /// <param name="cancellation">Cancels it, unless it is a COMMIT that was sent.</param>
    /// <param name="plan">The flush that it carries, in whose words a refusal is told; null for none.</param>
    /// <exception cref="BrokerException">It was not carried out.</exception>
    internal async ValueTask<T> RunAsync<T>(ISessionCommand command, CancellationToken cancellation, FlushPlan? plan = null)
        where T : ISessionReply
    {
        cancellation.ThrowIfCancellationRequested();
        RefuseWhenLeft();
        var opens = _conversation is null && !Joined && _sender.Sessions.WasOpened(_database, _options.User);
        var reply = opens
            ? SendFirst(await _sender.Pools.BrokerAsync().ConfigureAwait(false), command, cancellation)
            : await SendAsync(command, cancellation).ConfigureAwait(false);
        var sequence = _sequence;
        SessionAnswer answer;
        try
        {
            answer = await reply.Answer.ConfigureAwait(false);
        }
        catch (BrokerException refused) when (refused.Failure is BrokerStopping && reply.From.IsNobody() && (!opens || command is Commit))
        {
            answer = await AnswerWhenGoneAsync(command, sequence).ConfigureAwait(false);
        }
        catch (BrokerException refused) when (opens || IsUncounted(refused.Failure))
        {
            if (IsUncounted(refused.Failure))
                // The conversation waits for this number.
                _sequence = sequence - 1;
            if (opens)
                // It was not opened, and the next command tries to.
                Volatile.Write(ref _conversation, null);
            throw;
        }

        // Who has answered is spoken to from now on: one without an actor gets one when it needs it.
        if (!reply.From.IsNobody() && !ReferenceEquals(reply.From, _conversation))
            Interlocked.Exchange(ref _conversation, reply.From);
        return Take<T>(answer, plan, cancellation);
    }

    // Refused before it came to the conversation. A link that was lost does not know how far it came, and the number may stand for it.
    private static bool IsUncounted(Failure failure) => failure.SafeToRetry && failure is not BrokerStopping;

    /// <summary>
    /// Opens the conversation with its first command. Only where the database was known before: another one, which may not be there, is
    /// asked for first.
    /// </summary>
    private AwaitedAnswer SendFirst(IActorRef broker, ISessionCommand command, CancellationToken cancellation)
    {
        // A full fence, as in OpenAsync. Until there is an answer the way to the conversation is through the broker.
        Interlocked.Exchange(ref _conversation, broker);
        var reply = Send(broker, command, cancellation, new(Session, Handle, _database, _options.User, _options.Terms));
        if (HasLeft)
            // Whoever closed it found no conversation yet.
            broker.Tell(new LeaveSession(Session, Handle), ActorRefs.NoSender);
        return reply;
    }

    private async ValueTask<AwaitedAnswer> SendAsync(ISessionCommand command, CancellationToken cancellation)
    {
        await OpenAsync().ConfigureAwait(false);
        if (HasLeft)
        {
            // Whoever closed it found no conversation yet.
            _conversation!.Tell(new LeaveSession(Session, Handle), ActorRefs.NoSender);
            RefuseWhenLeft();
        }

        return Send(_conversation!, command, cancellation);
    }

    private AwaitedAnswer Send(IActorRef to, ISessionCommand command, CancellationToken cancellation, OpenSession? opens = null)
    {
        var reply = new AwaitedAnswer(_sender.Home);
        var sequence = ++_sequence;
        MayHaveTransaction = true;
        // One command at a time, so each acknowledges the answer to the one before.
        to.Tell(new RunInSession(Session, Handle, sequence, sequence - 1, _epoch, command) { Opens = opens }, reply);
        if (cancellation.CanBeCanceled)
            reply.CancelBy(to, new CancelInSession(Session, Handle, sequence), cancellation);
        return reply;
    }

    private T Take<T>(SessionAnswer answer, FlushPlan? plan, CancellationToken cancellation) where T : ISessionReply
    {
        Shared = answer.Shared;
        Failed = answer.Failed;
        Stale = Stale.IsEmpty ? answer.StaleTables : Stale.AddRange(answer.StaleTables);
        MayHaveTransaction = answer.Reply is not (Committed or RolledBack);
        HasCommitted |= answer.Reply is Committed { TransactionId: not 0 } or Committed { Settled: true };
        return answer.Reply switch
        {
            T expected => Take(expected, answer.Epoch),
            CommandRefused refused => throw Refuse(refused, plan, cancellation),
            _ => throw new BrokerException(new AnswerMissing(Session, Handle, answer.Sequence)),
        };
    }

    /// <summary>The handle has applied what <see cref="Moved"/> says to what it knows.</summary>
    internal void Acknowledge()
    {
        if (Moved is { } moved)
            (_epoch, Moved) = (moved.Epoch, null);
    }

    /// <summary>The stale tables have been looked after.</summary>
    internal void TakeStale() => Stale = [];

    /// <summary>Tells how many changes are tracked and not sent.</summary>
    internal void Note(long unsent) => _conversation?.Tell(new NoteUnsent(Session, Handle, unsent), ActorRefs.NoSender);

    /// <summary>
    /// Leaves the conversation. It ends when what was not committed is on its way to be rolled back, or the way to the broker is lost.
    /// </summary>
    internal async ValueTask LeaveAsync()
    {
        if (!MayHaveTransaction)
        {
            // Nothing is to be rolled back, so there is nothing to wait for.
            Leave();
            return;
        }

        if (Interlocked.Exchange(ref _left, 1) != 0 || Volatile.Read(ref _conversation) is null)
            return;
        var reply = new Reply<SessionLeft>(_sender.Home, static answer => (SessionLeft)answer);
        _conversation!.Tell(new LeaveSession(Session, Handle) { Acknowledged = _sequence }, reply);
        try
        {
            await reply.Answer.ConfigureAwait(false);
        }
        catch (BrokerException)
        {
            // It ended by itself, or the way to the broker is lost, which ends what it does not hear of any more. This handle commits
            // nothing either way, and to throw would hide why its user leaves.
        }
    }

    /// <summary>The same, not waited for.</summary>
    internal void Leave()
    {
        if (Interlocked.Exchange(ref _left, 1) == 0)
            _conversation?.Tell(new LeaveSession(Session, Handle) { Acknowledged = _sequence }, ActorRefs.NoSender);
    }

    /// <summary>Nobody holds the handle any more.</summary>
    internal void Forget()
    {
        if (!HasLeft)
            _conversation?.Tell(new LeaveSession(Session, Handle, Forgotten: true), ActorRefs.NoSender);
    }

    /// <summary>Refuses whatever is asked of a handle that has left.</summary>
    internal void RefuseWhenLeft()
    {
        if (HasLeft)
            throw new BrokerException(new ConversationGone(Session, "this handle has left it"));
    }

    private async ValueTask<IActorRef> FindAsync()
    {
        var broker = await _sender.Pools.BrokerAsync().ConfigureAwait(false);
        var reply = new Reply<SessionOpened>(_sender.Home, static answer => (SessionOpened)answer);
        IBrokerRequest request = Joined
            ? new JoinSession(Session, Handle)
            : new OpenSession(Session, Handle, _database, _options.User, _options.Terms);
        broker.Tell(request, reply);
        var opened = await reply.Answer.ConfigureAwait(false);
        _epoch = opened.Epoch;
        _sender.Sessions.NoteOpened(_database, _options.User);
        return opened.Actor;
    }

    /// <summary>The answer to a command whose conversation ended before it gave one. The broker is asked what became of a commit.</summary>
    private async ValueTask<SessionAnswer> AnswerWhenGoneAsync(ISessionCommand command, long sequence) => new(
        Session, Handle, sequence, _epoch,
        command is Commit commit ? await OutcomeAsync(commit, sequence)
            .ConfigureAwait(false) : new CommandRefused(new ConversationGone(Session, "it has ended")));

    private async ValueTask<ISessionReply> OutcomeAsync(Commit commit, long sequence)
    {
        try
        {
            while (true)
            {
                var broker = await _sender.Pools.BrokerAsync().ConfigureAwait(false);
                var reply = new Reply<CommitOutcome>(_sender.Home, static answer => (CommitOutcome)answer);
                broker.Tell(
                    new GetCommitOutcome(Session, Handle,
                        sequence) { Database = _database, User = _options.User, IdempotencyKey = commit.IdempotencyKey }, reply);
                if ((await reply.Answer.ConfigureAwait(false)).Reply is not StillRunning and var outcome)
                    return outcome;
                await Task.Delay(BeforeAskingAgain).ConfigureAwait(false);
            }
        }
        catch (BrokerException refused)
        {
            // Nobody tells, for whatever reason, so it is not to be done again as if it had not been sent.
            return new CommandRefused(new CommitUnknown(new(_database, _options.User ?? ""), 0, 0, refused.Message));
        }
    }

    private T Take<T>(T reply, Epoch epoch) where T : ISessionReply
    {
        // What this handle's own command moved needs no acknowledgement; what others did does.
        if (reply is Committed or RolledBack or ScopeRolledBack)
            (_epoch, Moved) = (epoch, null);
        return reply;
    }

    private Exception Refuse(CommandRefused refused, FlushPlan? plan, CancellationToken cancellation)
    {
        if (refused.Failure is ConversationMoved moved)
            Moved = moved;
        return Refusal.Of(plan?.Explain(refused.Failure, refused.Step) ?? refused.Failure, cancellation);
    }
}
