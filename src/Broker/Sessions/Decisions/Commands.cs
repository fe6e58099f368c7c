using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions.Decisions;

/// <summary>
/// How commands come in: each is executed once, in the order of its handle's numbers; a repeat gets the reply of the first.
/// </summary>
internal static class Commands
{
    internal static SessionStep TakeIn(this SessionStep step, SessionEvents.CommandCame came)
    {
        var (command, state) = (came.Command, step.State);
        if (state.Find(command.Handle) is not { } member)
        {
            return step.Tell(came, new CommandRefused(new ConversationGone(state.Id, $"{command.Handle} is no part of it")));
        }
        member = member.Acknowledge(command.Acknowledged);
        member = command.Epoch.Number > member.Seen.Number ? member with { Seen = command.Epoch } : member;
        step = ReferenceEquals(member, state.Find(command.Handle)) ? step.ForgetSeenMoves() : step.Put(member).ForgetSeenMoves();
        if (command.Sequence <= member.Last)
        {
            return step.Repeat(came, member);
        }
        if (command.Sequence != member.Last + 1)
        {
            return step.Tell(came, new CommandRefused(new SequenceRefused(state.Id, member.Id, member.Last + 1, command.Sequence)));
        }
        var (writes, refusal) = SessionTexts.Judge(command.Command);
        var pending = new Pending(member.Id, command.Sequence, command.Epoch, command.Command,
            came.ReplyTo) { Login = member.Login, Writes = writes, Refusal = refusal };
        step = step.Put(member with { Last = command.Sequence });
        return state.Ending is { } ending
            ? step.Refuse(pending, new ConversationGone(state.Id, ending.Cause))
            : step.With(step.State with { Line = step.State.Line.Add(pending) });
    }

    /// <summary>What became of a commit as far as it is remembered; null when it is not, or was none.</summary>
    internal static ISessionReply? OutcomeOf(this SessionState state, HandleId handle, long sequence) =>
        state.FindUnderWay(handle, sequence) is { } pending ? (pending.Command is Commit ? StillRunning.Instance : null)
        : state.Find(handle)?.Replies.FirstOrDefault(kept => kept.IsCommit && kept.Sequence == sequence)?.Answer?.Reply;

    /// <summary>Takes a command out of the line, or has it cancelled on the server; a COMMIT that was sent is left alone.</summary>
    internal static SessionStep Cancel(this SessionStep step, SessionEvents.CancelCame cancel)
    {
        var state = step.State;
        if (state.Running is { IsUpkeep: false } running && running.Handle == cancel.Handle && running.Sequence == cancel.Sequence)
        {
            return step.CancelRunning(new Cancelled("while it waited for a connection"));
        }
        return state.Line.Find(one => one.Handle == cancel.Handle && one.Sequence == cancel.Sequence) is { } waiting
            ? step.With(state with { Line = state.Line.Remove(waiting) }).Refuse(waiting, new Cancelled("while it waited for its turn"))
            : step;
    }

    /// <summary>
    /// Cancels the command whose turn it is: at once while it waits for a connection, else on the server, unless it commits.
    /// </summary>
    internal static SessionStep CancelRunning(this SessionStep step, Failure whileWaiting)
    {
        var (state, running) = (step.State, step.State.Running!);
        if (state.Work is null && state.Link == Link.Asked)
        {
            return step.EndTurn().Refuse(running, whileWaiting);
        }
        if (state.Work is { AsUnit: true })
        {
            // As long as the pool has not sent it.
            return step.Do(SessionEffects.WithdrawUnit.Instance);
        }
        return state.Work is null or { Commits: true } || running.CancelAsked
            ? step
            : step.With(state with { Running = running with { CancelAsked = true } }).Do(SessionEffects.CancelWork.Instance);
    }

    private static SessionStep Repeat(this SessionStep step, SessionEvents.CommandCame came, Member member)
    {
        var kept = member.Replies.FirstOrDefault(kept => kept.Sequence == came.Command.Sequence)?.Answer;
        return kept is not null
            ? step.Do(new SessionEffects.Answer(came.ReplyTo, kept))
            : step.Tell(came, step.State.WithoutReply(member, came.Command));
    }

    /// <summary>What a command that was sent before is answered when no reply of its is kept.</summary>
    private static ISessionReply WithoutReply(this SessionState state, Member member, RunInSession command) =>
        state.FindUnderWay(member.Id, command.Sequence) is not null ? StillRunning.Instance
        : command.Command is Commit && command.Sequence > command.Acknowledged && command.Sequence <= member.Unremembered
            ? new CommandRefused(new CommitUnknown(
            state.Pool, 0, 0,
                $"command {command.Sequence} of {member.Id} was not acknowledged, and only later outcomes are kept "
                    + "(broker.sessions.outcomes-kept); a ledger knows it"))
        : ReplyNotKept.Instance;

    private static Pending? FindUnderWay(this SessionState state, HandleId handle, long sequence) =>
        state.Running is { IsUpkeep: false } running && running.Handle == handle && running.Sequence == sequence
        ? running
        : state.Line.Find(one => one.Handle == handle && one.Sequence == sequence);

    /// <summary>Answers what is not executed, and so is no reply to be kept.</summary>
    private static SessionStep Tell(this SessionStep step, SessionEvents.CommandCame came, ISessionReply reply) =>
        step.Do(new SessionEffects.Answer(
        came.ReplyTo,
            new SessionAnswer(step.State.Id, came.Command.Handle, came.Command.Sequence, step.State.Epoch,
                reply) { Shared = step.State.Members.Length > 1, Failed = step.State.Transaction?.Failed }));

    private static SessionStep ForgetSeenMoves(this SessionStep step)
    {
        var state = step.State;
        if (state.Moves.IsEmpty)
        {
            return step;
        }
        // What a handle sent before it learned of a move is refused by that move when its turn comes.
        var seen = state.Members.Min(static member => member.Seen.Number);
        foreach (var waiting in state.Line)
        {
            seen = Math.Min(seen, waiting.Epoch.Number);
        }
        return state.Moves[0].Epoch.Number > seen
            ? step
            : step.With(state with { Moves = state.Moves.RemoveAll(move => move.Epoch.Number <= seen) });
    }
}
