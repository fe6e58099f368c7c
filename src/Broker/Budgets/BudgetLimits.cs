namespace Broker.Budgets;

/// <summary>What one server allows this broker.</summary>
/// <param name="MaxConnections">Connections at most, ghosts included; at least 1.</param>
/// <param name="Reserve">How many of them are kept for errands and settlement; 0 to MaxConnections - 1.</param>
/// <param name="GhostLimit">How long a ghost counts when nobody can tell whether its backend is gone.</param>
internal sealed record BudgetLimits(int MaxConnections, int Reserve, TimeSpan GhostLimit)
{
    /// <summary>
    /// How long a pool may keep its last permits while another has none and the server has fewer permits than pools: long against the cost
    /// of a connect, so that taking turns wastes little, and short against the time a borrower waits.
    /// </summary>
    internal static TimeSpan Turn => TimeSpan.FromSeconds(1);

    /// <summary>How long a yield may be under way before others' idle connections and turns are looked at in its place.</summary>
    internal static TimeSpan YieldPatience => TimeSpan.FromSeconds(1);
}
