using System.Collections.Immutable;

namespace Broker.Budgets;

/// <summary>
/// Weighted max-min fairness in whole permits: the permits are dealt one by one, each to the holder that would then have least for its
/// weight and still wants one. Nobody gets more than it wants, and what one does not want goes to the others.
/// </summary>
/// <remarks>
/// The first permit goes to everybody before anyone gets a second, whatever the weights, so that a light pool is not starved by rounding.
/// Among equals a permit stays where it is, so that two pools never pass one permit to and fro; else it goes to whose turn is longest ago.
/// </remarks>
internal static class FairShares
{
    /// <summary>The fair number of permits of each holder; their sum is the smaller of capacity and demand.</summary>
    internal static ImmutableDictionary<HolderId, int> Of(int capacity, IReadOnlyCollection<BudgetHolder> holders)
    {
        var shares = holders.ToDictionary(holder => holder.Id, holder => holder.Demand);
        if (shares.Values.Sum() > capacity)
        {
            Deal(capacity, holders, shares);
        }
        return shares.ToImmutableDictionary();
    }

    private static void Deal(int capacity, IReadOnlyCollection<BudgetHolder> holders, Dictionary<HolderId, int> shares)
    {
        var line = new PriorityQueue<BudgetHolder, Claim>();
        foreach (var holder in holders)
        {
            shares[holder.Id] = 0;
            Queue(line, holder, 0);
        }
        for (var left = capacity; left > 0 && line.TryDequeue(out var next, out _); left--)
        {
            Queue(line, next, ++shares[next.Id]);
        }
    }

    private static void Queue(PriorityQueue<BudgetHolder, Claim> line, BudgetHolder holder, int share)
    {
        if (share < holder.Demand)
        {
            line.Enqueue(holder,
                new Claim(share > 0, (share + 1) / (double)holder.Weight, share >= holder.Held, holder.LastTurn, holder.Id));
        }
    }

    private readonly record struct Claim(bool HasOne, double Level, bool IsNew, TimeSpan LastTurn, HolderId Id) : IComparable<Claim>
    {
        public int CompareTo(Claim other) =>
            (HasOne, HasOne ? Level : 0, IsNew, LastTurn, Id)
                .CompareTo((other.HasOne, other.HasOne ? other.Level : 0, other.IsNew, other.LastTurn, other.Id));
    }
}
