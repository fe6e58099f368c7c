using Broker.Client.Protocol;

namespace Broker.Budgets;

/// <summary>What a budget knows of one pool. Times are since the budget's start.</summary>
/// <param name="Id">Which holder.</param>
/// <param name="Pool">Which pool it serves.</param>
/// <param name="Weight">Its weight, at least 1.</param>
internal sealed record BudgetHolder(HolderId Id, PoolId Pool, int Weight)
{
    /// <summary>Ordinary permits it holds.</summary>
    internal int Held { get; init; }

    /// <summary>Ordinary permits it waits for.</summary>
    internal int Waiting { get; init; }

    /// <summary>Reserve permits it waits for.</summary>
    internal int WaitingForReserve { get; init; }

    /// <summary>Permits it was asked to yield and has not given back yet.</summary>
    internal int Yielding { get; init; }

    /// <summary>When it was last asked to yield.</summary>
    internal TimeSpan YieldAsked { get; init; }

    /// <summary>How many idle connections it was told that others want.</summary>
    internal int IdleWanted { get; init; }

    /// <summary>When it last got or gave back an ordinary permit: among equals, whose turn is longest ago goes first.</summary>
    internal TimeSpan LastTurn { get; init; } = TimeSpan.MinValue;

    /// <summary>When its present wait began.</summary>
    internal TimeSpan WaitingSince { get; init; }

    /// <summary>What it holds and what it waits for.</summary>
    internal int Demand => Held + Waiting;

    /// <summary>Whether a yield of it is still expected soon.</summary>
    internal bool IsYieldLate(TimeSpan now) => now - YieldAsked >= BudgetLimits.YieldPatience;

    internal BudgetHolder Asked(int count, TimeSpan now) =>
        this with { Waiting = Waiting + count, WaitingSince = Waiting == 0 ? now : WaitingSince };

    internal BudgetHolder Granted(TimeSpan now) =>
        this with { Waiting = Waiting - 1, Held = Held + 1, LastTurn = now, WaitingSince = now };

    internal BudgetHolder GaveBack(TimeSpan now) => this with
    {
        Held = Held - 1,
        Yielding = Math.Min(Math.Max(0, Yielding - 1), Held - 1),
        IdleWanted = Math.Max(0, IdleWanted - 1),
        LastTurn = now,
    };
}
