using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions.Decisions;

/// <summary>What is told when a conversation is stopped in the middle.</summary>
internal static class LastWords
{
    /// <summary>The reply to each command that waits. What a COMMIT under way came to is not known here any more.</summary>
    /// <param name="state">The conversation.</param>
    /// <param name="backendPid">The server process that it used last; 0 for none.</param>
    internal static IEnumerable<(Pending Pending, ISessionReply Reply)> LastReplies(this SessionState state, int backendPid)
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
            state.Pool, state.InDoubt?.TransactionId ?? state.Transaction?.Id ?? 0, backendPid, "its conversation stopped before COMMIT was answered"))
        : state.Stopped();

    private static CommandRefused Stopped(this SessionState state) => new(new BrokerStopping($"conversation {state.Id}"));
}
