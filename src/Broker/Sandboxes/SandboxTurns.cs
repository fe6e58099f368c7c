using System.Collections.Immutable;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;

namespace Broker.Sandboxes;

/// <summary>How far the connection of a sandbox is.</summary>
internal enum SandboxPhase
{
    /// <summary>It has none.</summary>
    Unused,
    /// <summary>One is being borrowed, and the outer transaction begun on it.</summary>
    Opening,
    /// <summary>Nobody has it.</summary>
    Free,
    /// <summary>Somebody has it.</summary>
    Taken,
    /// <summary>What its last holder did not commit is being rolled back.</summary>
    Clearing,
    /// <summary>It is gone, and the sandbox with it.</summary>
    Over,
}

/// <summary>Names one turn, waiting or taken.</summary>
/// <param name="Number">Counts from 1 within a sandbox's pool.</param>
internal readonly record struct TurnId(long Number);

/// <summary>A turn that somebody waits for, or has.</summary>
/// <param name="Id">Which.</param>
/// <param name="Who">Who asked, in words.</param>
/// <param name="Since">Since when it has waited; once it is taken, since when it is.</param>
/// <param name="Deadline">Until when it may wait.</param>
internal sealed record Turn(TurnId Id, string Who, TimeSpan Since, TimeSpan Deadline);

/// <summary>The next state and what is to be done, in order.</summary>
internal readonly record struct SandboxDecision(SandboxTurns Turns, ImmutableArray<ISandboxEffect> Effects);

/// <summary>
/// Whose turn it is on the one connection of a sandbox: one at a time, in the order of arrival. Every decision is a pure function.
/// </summary>
/// <param name="Pool">Whose sandbox.</param>
internal sealed record SandboxTurns(PoolId Pool)
{
    /// <summary>How far the connection is.</summary>
    internal SandboxPhase Phase { get; init; }

    /// <summary>Who waits, the oldest first.</summary>
    internal ImmutableList<Turn> Line { get; init; } = [];

    /// <summary>Who has the connection, or had it until it is cleared.</summary>
    internal Turn? Holder { get; init; }

    /// <summary>Whether the connection goes back as soon as it is cleared.</summary>
    internal bool IsLeaving { get; init; }

    /// <summary>Why the sandbox is over; null while it is not.</summary>
    internal Failure? Ended { get; init; }

    /// <summary>When the next of those who wait has waited for as long as it may; null when nobody does.</summary>
    internal TimeSpan? Due => Line.IsEmpty ? null : Line.Min(static turn => turn.Deadline);

    /// <summary>Whether a turn is taken at this moment.</summary>
    internal bool IsTaken(TurnId turn) => Phase == SandboxPhase.Taken && Holder!.Id == turn;

    /// <summary>Somebody asks for a turn.</summary>
    internal SandboxDecision Enter(Turn turn, TimeSpan now)
    {
        var entered = this with { Line = Line.Add(turn) };
        return Phase switch
        {
            SandboxPhase.Over => new(this, [new SandboxEffects.Refuse(turn.Id, Ended!)]),
            SandboxPhase.Unused => new(entered with { Phase = SandboxPhase.Opening }, [SandboxEffects.Open.Instance]),
            SandboxPhase.Free => entered.Next(now),
            _ => new(entered, []),
        };
    }

    /// <summary>The outer transaction has begun.</summary>
    internal SandboxDecision Opened(TimeSpan now) => Phase == SandboxPhase.Opening ? Next(now) : new(this, []);

    /// <summary>The pool lent no connection. The next who asks makes it try again.</summary>
    internal SandboxDecision NotOpened(Failure failure) => Phase != SandboxPhase.Opening
        ? new(this, [])
        : new(this with { Phase = SandboxPhase.Unused, Line = [] }, [.. Line.Select(turn => new SandboxEffects.Refuse(turn.Id, failure))]);

    /// <summary>The holder is done.</summary>
    internal SandboxDecision Return(TurnId turn) =>
        IsTaken(turn) ? new(this with { Phase = SandboxPhase.Clearing }, [SandboxEffects.Clear.Instance]) : new(this, []);

    /// <summary>The connection is as it must be for the next, or could not be made so, of which the sandbox has died.</summary>
    internal SandboxDecision Cleared(bool well, TimeSpan now) =>
        IsLeaving ? new(this with { IsLeaving = false }, [new SandboxEffects.GiveUp(InUse: !well)])
        : Phase == SandboxPhase.Clearing && well ? Next(now)
        : new(this, []);

    /// <summary>Whoever asked for a turn wants none any more. One that is taken is not affected.</summary>
    internal SandboxDecision Leave(TurnId turn, Failure failure) => Line.Find(one => one.Id == turn) is { } waiting
        ? new(this with { Line = Line.Remove(waiting) }, [new SandboxEffects.Refuse(turn, failure)])
        : new(this, []);

    /// <summary>Time has passed: those who have waited for as long as they may are refused.</summary>
    internal SandboxDecision Expire(TimeSpan now)
    {
        var late = Line.FindAll(turn => turn.Deadline <= now);
        return new(this with { Line = Line.RemoveAll(turn => turn.Deadline <= now) },
            [.. late.Select(turn => new SandboxEffects.Refuse(turn.Id, WhyNot(turn, now)))]);
    }

    /// <summary>The sandbox is over, closed or lost: nobody gets a turn any more, and whoever has one loses it.</summary>
    internal SandboxDecision End(Failure failure)
    {
        if (Phase == SandboxPhase.Over)
        {
            return new(this, []);
        }
        var effects = Line.Select(ISandboxEffect (turn) => new SandboxEffects.Refuse(turn.Id, failure));
        effects = Phase == SandboxPhase.Taken ? effects.Prepend(new SandboxEffects.Revoke(Holder!.Id, failure)) : effects;
        var isLeaving = Phase == SandboxPhase.Clearing;
        effects = isLeaving
            ? effects
            : effects.Append(new SandboxEffects.GiveUp(InUse: Phase is SandboxPhase.Taken or SandboxPhase.Opening));
        return new(this with { Phase = SandboxPhase.Over, IsLeaving = isLeaving, Line = [], Holder = null, Ended = failure }, [.. effects]);
    }

    private SandboxDecision Next(TimeSpan now) => Line is [var next, ..]
        ? new(this with { Phase = SandboxPhase.Taken, Line = Line.RemoveAt(0), Holder = next with { Since = now } },
            [new SandboxEffects.Give(next.Id)])
        : new(this with { Phase = SandboxPhase.Free, Holder = null }, []);

    private SandboxBusy WhyNot(Turn late, TimeSpan now) =>
        new(Pool, Holder?.Who, Holder is { } holder ? now - holder.Since : TimeSpan.Zero, now - late.Since);
}
