using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions.Decisions;

/// <summary>What is told when a conversation is stopped in the middle.</summary>
internal static class LastWords
{
    /// <summary>
    /// What is to be told to everybody who waits, and what is to outlive the conversation. What a COMMIT under way came to is not known
    /// here any more.
    /// </summary>
    /// <param name="state">The conversation.</param>
    /// <param name="backendPid">The server process that it used last; 0 for none.</param>
    internal static IEnumerable<ISessionEffect> LastEffects(this SessionState state, int backendPid)
    {
        foreach (var (pending, reply) in state.LastReplies(backendPid))
        {
            if (pending.Command is Commit)
            {
                yield return new SessionEffects.KeepOutcome(pending.Handle, pending.Login, pending.Sequence, reply);
            }
            yield return new SessionEffects.Answer(pending.ReplyTo,
                new SessionAnswer(state.Id, pending.Handle, pending.Sequence, state.Epoch, reply));
        }
        foreach (var (handle, asker) in state.Ending?.Askers ?? [])
        {
            yield return new SessionEffects.TellLeft(asker, handle);
        }
        foreach (var member in state.Members)
        {
            foreach (var kept in member.Replies.Where(static kept => kept is { IsCommit: true, Answer: not null }))
            {
                var outcome = KeptReply.WithoutResults(kept.Answer!.Reply);
                yield return new SessionEffects.KeepOutcome(member.Id, member.Login, kept.Sequence, outcome);
            }
        }
    }

    private static IEnumerable<(Pending Pending, ISessionReply Reply)> LastReplies(this SessionState state, int backendPid)
    {
        if (state.Running is { IsUpkeep: false } running)
        {
            yield return (running, state.OfRunning(running, backendPid));
        }
        foreach (var waiting in state.Line)
        {
            yield return (waiting, state.Stopped());
        }
    }

    private static ISessionReply OfRunning(this SessionState state, Pending running, int backendPid) =>
        // What was being rolled back is rolled back, whoever ends it.
        running.Command is Rollback ? RolledBack.Instance
        : state.Work is { Commits: true } || state.InDoubt is not null
        ? new CommandRefused(new CommitUnknown(
            state.Pool, state.InDoubt?.TransactionId ?? state.Transaction?.Id ?? 0, backendPid,
                "its conversation stopped before COMMIT was answered"))
        : state.Stopped();

    private static CommandRefused Stopped(this SessionState state) => new(new BrokerStopping($"conversation {state.Id}"));
}
