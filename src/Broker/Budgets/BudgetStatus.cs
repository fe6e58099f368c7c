using System.Collections.Immutable;
using Broker.Client.Protocol;

namespace Broker.Budgets;

/// <summary>What a server's budget looks like at one moment.</summary>
/// <param name="Server">The server's name in the settings.</param>
/// <param name="MaxConnections">The limit, reserve included.</param>
/// <param name="Reserve">The part kept for errands and settlement.</param>
/// <param name="Used">Connections counted, ghosts included.</param>
/// <param name="Ghosts">Connections lost uncleanly and not yet proven gone.</param>
/// <param name="Pools">Each pool that asked.</param>
internal sealed record BudgetStatus(string Server, int MaxConnections, int Reserve, int Used, int Ghosts, ImmutableArray<BudgetShare> Pools)
{
    internal static BudgetStatus Of(string server, BudgetState state)
    {
        var shares = FairShares.Of(state.Capacity, [.. state.Holders.Values]);
        return new BudgetStatus(server, state.Limits.MaxConnections, state.Limits.Reserve, state.Used, state.Ghosts.Count,
            [.. state.Holders.Values
                .Select(holder => new BudgetShare(holder.Pool, holder.Held, holder.Waiting, shares[holder.Id], holder.Yielding))]);
    }
}

/// <summary>One pool's part of a budget.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Held">Ordinary permits it holds.</param>
/// <param name="Waiting">Ordinary permits it waits for.</param>
/// <param name="Share">Its fair number of them at this demand.</param>
/// <param name="Yielding">Permits it was asked to give back and has not yet.</param>
internal sealed record BudgetShare(PoolId Pool, int Held, int Waiting, int Share, int Yielding);
