using System.Collections.Immutable;
using Broker.Connections;

namespace Broker.Budgets;

/// <summary>What a decision of the budget asks its actor to tell.</summary>
internal abstract record BudgetEffect(HolderId Holder)
{
    /// <summary>Tell <see cref="BudgetEvents.PermitGranted"/>.</summary>
    internal sealed record Grant(HolderId Holder, PermitId Permit, bool Reserve) : BudgetEffect(Holder);

    /// <summary>Tell <see cref="BudgetEvents.YieldAsked"/>.</summary>
    internal sealed record AskYield(HolderId Holder, int Count) : BudgetEffect(Holder);

    /// <summary>Tell <see cref="BudgetEvents.IdleWanted"/>.</summary>
    internal sealed record WishIdle(HolderId Holder, int Count) : BudgetEffect(Holder);

    /// <summary>Tell <see cref="BudgetEvents.PermitsDenied"/>.</summary>
    internal sealed record Deny(HolderId Holder, int Count, bool Reserve, string Cause) : BudgetEffect(Holder);

    /// <summary>Tell <see cref="BudgetEvents.ProbeGhosts"/>.</summary>
    internal sealed record Probe(HolderId Holder, long Number, ImmutableArray<BackendIdentity> Ghosts) : BudgetEffect(Holder);
}
