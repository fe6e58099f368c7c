using Broker.Client.Protocol.Failures;

namespace Broker.Sessions.Decisions;

/// <summary>Handles that come and go.</summary>
internal static class Handles
{
    internal static SessionStep Join(this SessionStep step, SessionEvents.Joined joined)
    {
        var state = step.State;
        if (state.Ending is null && state.Find(joined.Handle) is null)
        {
            var member = new Member(joined.Handle) { Login = joined.Login, Watched = joined.Watched, Seen = state.Epoch };
            step = step.With(state with { Members = state.Members.Add(member) });
            step = joined.Watched is { } watched ? step.Do(new SessionEffects.Watch(watched)) : step;
        }
        return step.Do(new SessionEffects.TellOpened(joined.ReplyTo));
    }

    /// <summary>
    /// A handle's commands go with it, except a COMMIT that was sent; so do its scopes. The owner takes the whole conversation along.
    /// </summary>
    internal static SessionStep Leave(this SessionStep step, SessionEvents.Left left)
    {
        if (step.State.Find(left.Handle) is not { } member)
        {
            return step.State.Ending is { } ending ? step.With(step.State with { Ending = ending.With(left) })
                : left.Asker is { } again ? step.Do(new SessionEffects.TellLeft(again, left.Handle)) : step;
        }
        step = step.KeepOutcomesOf(member.Acknowledge(left.Acknowledged));
        if (member.Watched is { } watched && step.State.Members.Count(other => watched.Equals(other.Watched)) == 1)
        {
            step = step.Do(new SessionEffects.Unwatch(watched));
        }
        step = step.With(step.State with { Members = step.State.Members.Remove(member) });
        if (left.Handle == step.State.Owner || step.State.Members.IsEmpty)
        {
            // The last guest of one that ends already waits with those who wait for that.
            var over = (step.State.Ending ?? new Ending(left.Cause, [])).With(left);
            return step.With(step.State with { Ending = over }).DropCommands(static _ => true, over.Cause);
        }
        step = step.DropCommands(one => one.Handle == left.Handle, left.Cause);
        return left.Asker is { } leaver ? step.Do(new SessionEffects.TellLeft(leaver, left.Handle)) : step;
    }

    /// <summary>The conversation is over once nothing of it is under way and its connection has gone back.</summary>
    internal static SessionStep EndIfDue(this SessionStep step)
    {
        if (step.State is not { Ending: { } ending, Running: null, Work: null, InDoubt: null } || step.State.Link == Link.Returning)
        {
            return step;
        }
        if (step.State.Link == Link.Lent)
        {
            return step.GiveBack(rollback: step.State.Transaction is not null);
        }
        foreach (var member in step.State.Members)
        {
            step = step.KeepOutcomesOf(member);
        }
        foreach (var (handle, asker) in ending.Askers)
        {
            step = step.Do(new SessionEffects.TellLeft(asker, handle));
        }
        return step.With(step.State with { IsOver = true, Transaction = null }).Do(SessionEffects.End.Instance);
    }

    private static Ending With(this Ending ending, SessionEvents.Left left) =>
        left.Asker is { } asker ? ending with { Askers = ending.Askers.Add((left.Handle, asker)) } : ending;

    private static SessionStep DropCommands(this SessionStep step, Func<Pending, bool> isDropped, string cause)
    {
        if (step.State is { Line.IsEmpty: true, Running: null })
        {
            return step;
        }
        var gone = new ConversationGone(step.State.Id, cause);
        foreach (var waiting in step.State.Line.Where(isDropped))
        {
            step = step.Refuse(waiting, gone);
        }
        step = step.With(step.State with { Line = step.State.Line.RemoveAll(one => isDropped(one)) });
        return step.State.Running is { } running && isDropped(running) ? step.CancelRunning(gone) : step;
    }

    private static SessionStep KeepOutcomesOf(this SessionStep step, Member member)
    {
        foreach (var kept in member.Replies)
        {
            if (kept is { IsCommit: true, Answer: { } answer })
            {
                step = step.Do(
                    new SessionEffects.KeepOutcome(member.Id, member.Login, kept.Sequence, KeptReply.WithoutResults(answer.Reply)));
            }
        }
        return step;
    }
}
