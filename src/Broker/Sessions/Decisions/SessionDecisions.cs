namespace Broker.Sessions.Decisions;

/// <summary>Everything a conversation decides. Pure: the same state, event and time give the same decision.</summary>
internal static class SessionDecisions
{
    /// <summary>What follows from an event.</summary>
    /// <param name="state">The conversation.</param>
    /// <param name="happened">The event.</param>
    /// <param name="now">The time, by any clock that never goes back.</param>
    internal static SessionDecision On(this SessionState state, ISessionEvent happened, TimeSpan now)
    {
        var step = SessionStep.From(state, now);
        if (state.IsOver)
        {
            return step.End();
        }
        step = happened switch
        {
            SessionEvents.CommandCame came => step.TakeIn(came),
            SessionEvents.Joined joined => step.Join(joined),
            SessionEvents.Left left => step.Leave(left),
            SessionEvents.UnsentTold told => state.Find(told.Handle) is { } member ? step.Put(member with { Unsent = told.Changes }) : step,
            SessionEvents.CancelCame cancel => step.Cancel(cancel),
            SessionEvents.LinkLent => step.Lent(),
            SessionEvents.LinkRefused refused => step.NotLent(refused.Failure),
            SessionEvents.LinkLost lost => step.Lost(lost.Failure),
            SessionEvents.LinkBack => step.Back(),
            SessionEvents.WorkDone done => step.Done(done.Result),
            SessionEvents.Settled settled => step.Settled(settled),
            SessionEvents.PoolEnded ended => step.PoolEnded(ended.BackendPid),
            SessionEvents.Tick => step.With(state with { WakesAt = null }).Tick(),
            SessionEvents.Stop => step.With(state with { Stopping = true }),
            _ => throw new InvalidOperationException($"unknown event {happened}"),
        };
        return step.Advance().ReturnUnneeded().EndIfDue().SetAlarm().End();
    }
}
