using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions;

/// <summary>What a conversation's actor is to do.</summary>
internal interface ISessionEffect;

/// <summary>The next state and what is to be done, in order.</summary>
internal readonly record struct SessionDecision(SessionState State, ImmutableArray<ISessionEffect> Effects);

internal static class SessionEffects
{
    /// <summary>Ask the pool for a connection.</summary>
    internal sealed record Acquire : ISessionEffect
    {
        internal static readonly Acquire Instance = new();
    }

    /// <summary>Tell the pool that none is wanted any more.</summary>
    internal sealed record Withdraw : ISessionEffect
    {
        internal static readonly Withdraw Instance = new();
    }

    /// <summary>Do work: on the lent connection, or through the pool when it is a unit.</summary>
    internal sealed record Run(SessionWork Work) : ISessionEffect;

    /// <summary>Take a commit that the pool is to carry out of its line, if it still stands there.</summary>
    internal sealed record WithdrawUnit : ISessionEffect
    {
        internal static readonly WithdrawUnit Instance = new();
    }

    /// <summary>Tell the pool that its ledger grows.</summary>
    internal sealed record TakeKey : ISessionEffect
    {
        internal static readonly TakeKey Instance = new();
    }

    /// <summary>Have the server cancel the work, until it has ended.</summary>
    internal sealed record CancelWork : ISessionEffect
    {
        internal static readonly CancelWork Instance = new();
    }

    /// <summary>Return the connection.</summary>
    /// <param name="Rollback">Whether a transaction may be open on it.</param>
    /// <param name="Spoilt">Whether it may not be used again.</param>
    /// <param name="Broken">Whether it is lost.</param>
    internal sealed record GiveBack(bool Rollback, bool Spoilt = false, bool Broken = false) : ISessionEffect;

    /// <summary>Have the pool settle a commit in doubt.</summary>
    internal sealed record Settle(ulong? TransactionId, string? Key) : ISessionEffect;

    /// <summary>Answer a command.</summary>
    internal sealed record Answer(IActorRef To, SessionAnswer Reply) : ISessionEffect;

    /// <summary>Tell a handle that it is a part of the conversation.</summary>
    internal sealed record TellOpened(IActorRef To) : ISessionEffect;

    /// <summary>Tell a handle that it is no part of the conversation any more.</summary>
    internal sealed record TellLeft(IActorRef To, HandleId Handle) : ISessionEffect;

    /// <summary>Hear of an actor's death.</summary>
    internal sealed record Watch(IActorRef Actor) : ISessionEffect;

    /// <summary>Hear of it no more.</summary>
    internal sealed record Unwatch(IActorRef Actor) : ISessionEffect;

    /// <summary>What became of a commit is to outlive the conversation.</summary>
    internal sealed record KeepOutcome(HandleId Handle, string? Login, long Sequence, ISessionReply Reply) : ISessionEffect;

    /// <summary>A commit has ended so: it is counted.</summary>
    internal sealed record CommitEnded(ISessionReply Reply) : ISessionEffect;

    /// <summary>The transaction lay idle for too long and was rolled back.</summary>
    internal sealed record TimedOut(TimeSpan Limit) : ISessionEffect;

    /// <summary>Send a tick at this moment instead of at the one announced before; null for never.</summary>
    internal sealed record WakeAt(TimeSpan? Moment) : ISessionEffect;

    /// <summary>The conversation is over.</summary>
    internal sealed record End : ISessionEffect
    {
        internal static readonly End Instance = new();
    }
}
