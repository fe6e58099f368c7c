using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Settlement;

namespace Broker.Sessions;

/// <summary>What happens to a conversation.</summary>
internal interface ISessionEvent;

internal static class SessionEvents
{
    /// <summary>A handle opened it or joined it, perhaps not for the first time.</summary>
    internal sealed record Joined(HandleId Handle, IActorRef? Watched, string? Login, IActorRef ReplyTo) : ISessionEvent;

    /// <summary>A command came.</summary>
    internal sealed record CommandCame(RunInSession Command, IActorRef ReplyTo) : ISessionEvent;

    /// <summary>A handle asked to cancel one of its commands.</summary>
    internal sealed record CancelCame(HandleId Handle, long Sequence) : ISessionEvent;

    /// <summary>A handle told how many changes it has not sent.</summary>
    internal sealed record UnsentTold(HandleId Handle, long Changes) : ISessionEvent;

    /// <summary>A handle left, or died.</summary>
    internal sealed record Left(HandleId Handle, IActorRef? Asker, string Cause, long Acknowledged) : ISessionEvent
    {
        internal static Left Of(LeaveSession leave, SessionState state, IActorRef sender) => new(
            leave.Handle, sender.IsNobody() ? null : sender, leave.Handle == state.Owner ? "its owner closed it" : "its handle was closed",
                leave.Acknowledged);
    }

    /// <summary>A connection is lent.</summary>
    internal sealed record LinkLent : ISessionEvent
    {
        internal static readonly LinkLent Instance = new();
    }

    /// <summary>The pool lends none.</summary>
    internal sealed record LinkRefused(Failure Failure) : ISessionEvent;

    /// <summary>The lent connection was called back, or its actor died.</summary>
    internal sealed record LinkLost(Failure Failure) : ISessionEvent;

    /// <summary>The connection has gone back.</summary>
    internal sealed record LinkBack : ISessionEvent
    {
        internal static readonly LinkBack Instance = new();
    }

    /// <summary>Work on the connection has ended.</summary>
    internal sealed record WorkDone(WorkResult Result) : ISessionEvent;

    /// <summary>The commit in doubt is settled.</summary>
    internal sealed record Settled(SettledOutcome Outcome, int BackendPid) : ISessionEvent;

    /// <summary>The pool is gone for good, and with it its answers.</summary>
    internal sealed record PoolEnded(int BackendPid) : ISessionEvent;

    /// <summary>The alarm rang.</summary>
    internal sealed record Tick : ISessionEvent
    {
        internal static readonly Tick Instance = new();
    }

    /// <summary>The broker is stopping.</summary>
    internal sealed record Stop : ISessionEvent
    {
        internal static readonly Stop Instance = new();
    }
}
