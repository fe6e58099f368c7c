using System.Collections.Immutable;
using Broker.Client.Protocol;
using Broker.Connections;

namespace Broker.Budgets;

/// <summary>
/// Who holds and who wants connections of one server. Permits and ghosts together never exceed
/// <see cref="BudgetLimits.MaxConnections"/>; ordinary ones leave <see cref="BudgetLimits.Reserve"/> free. These are the facts;
/// <see cref="BudgetTurn"/> decides what follows from them.
/// </summary>
internal sealed record BudgetState(BudgetLimits Limits)
{
    internal ImmutableSortedDictionary<HolderId, BudgetHolder> Holders { get; init; } =
        ImmutableSortedDictionary<HolderId, BudgetHolder>.Empty;

    internal ImmutableDictionary<PermitId, Permit> Permits { get; init; } = [];

    internal ImmutableDictionary<PermitId, Ghost> Ghosts { get; init; } = [];

    internal GhostWatch Watch { get; init; } = new();

    /// <summary>Which budget of the broker's this is; its permits say so.</summary>
    internal int Number { get; init; }

    internal long LastPermit { get; init; }

    /// <summary>Connections that the server has or may have.</summary>
    internal int Used => Permits.Count + Ghosts.Count;

    /// <summary>Of <see cref="Used"/>, those that were asked for as reserve.</summary>
    internal int ReserveUsed => Permits.Values.Count(permit => permit.Reserve) + Ghosts.Values.Count(ghost => ghost.Reserve);

    /// <summary>How many ordinary permits may be held now: ghosts, and reserve permits beyond the reserve, make it smaller.</summary>
    internal int Capacity => Math.Max(
        0, Limits.MaxConnections - Math.Max(Limits.Reserve, ReserveUsed) - Ghosts.Values.Count(ghost => !ghost.Reserve));

    /// <summary>Ordinary permits that could be granted now.</summary>
    internal int Free => Math.Max(0, Capacity - Holders.Values.Sum(holder => holder.Held));

    /// <summary>Ordinary permits that are waited for.</summary>
    internal int Waiting => Holders.Values.Sum(holder => holder.Waiting);

    /// <summary>Whether something may change by time alone.</summary>
    internal bool NeedsTime => Ghosts.Count > 0 || Waiting > 0;

    /// <summary>Notes a holder, or its new weight.</summary>
    internal BudgetState Joined(HolderId id, PoolId pool, int weight) =>
        With(Holders.TryGetValue(id, out var known) ? known with { Weight = weight } : new BudgetHolder(id, pool, weight));

    internal BudgetState Asked(HolderId id, int count, bool reserve, TimeSpan now)
    {
        var holder = Holders[id];
        return With(reserve ? holder with { WaitingForReserve = holder.WaitingForReserve + count } : holder.Asked(count, now));
    }

    internal BudgetState Withdrew(HolderId id, int count, bool reserve) => !Holders.TryGetValue(id, out var holder) ? this : With(reserve
        ? holder with { WaitingForReserve = Math.Max(0, holder.WaitingForReserve - count) }
        : holder with { Waiting = Math.Max(0, holder.Waiting - count) });

    internal BudgetState Granted(HolderId id, bool reserve, TimeSpan now)
    {
        var holder = Holders[id];
        var permit = new Permit(new PermitId(LastPermit + 1, Number), id, reserve, now);
        return With(reserve ? holder with { WaitingForReserve = holder.WaitingForReserve - 1 } : holder.Granted(now)) with
        {
            Permits = Permits.Add(permit.Id, permit),
            LastPermit = permit.Id.Number,
        };
    }

    internal BudgetState Named(HolderId id, PermitId permit, BackendIdentity backend) =>
        Find(id, permit) is { } found ? this with { Permits = Permits.SetItem(permit, found with { Backend = backend }) } : this;

    /// <summary>A permit that is not this holder's (a second release, say) changes nothing.</summary>
    internal BudgetState Released(HolderId id, PermitId permit, TimeSpan now)
    {
        if (Find(id, permit) is not { } found)
        {
            return this;
        }
        var without = this with { Permits = Permits.Remove(permit) };
        return found.Reserve ? without : without.With(Holders[id].GaveBack(now));
    }

    internal BudgetState BecameGhost(HolderId id, PermitId permit, BackendIdentity? backend, TimeSpan now) =>
        Find(id, permit) is not { } found
        ? this
        : Released(id, permit, now) with
        {
            Ghosts = Ghosts.Add(permit, new Ghost(permit, found.Reserve, id, backend ?? found.Backend, now + Limits.GhostLimit)),
            Watch = Watch.Appeared(now),
        };

    /// <summary>The connection of a holder that is gone was closed in order after all.</summary>
    internal BudgetState GhostClosed(PermitId permit) => this with { Ghosts = Ghosts.Remove(permit) };

    /// <summary>The same, of one that is known by its process only.</summary>
    internal BudgetState GhostClosed(BackendIdentity backend) =>
        this with { Ghosts = Ghosts.RemoveRange(Ghosts.Values.Where(ghost => ghost.Backend == backend).Select(ghost => ghost.Id)) };

    /// <summary>A holder that is gone leaves ghosts: nobody saw its connections end.</summary>
    internal BudgetState Left(HolderId id, TimeSpan now)
    {
        var state = this;
        foreach (var permit in Permits.Values.Where(permit => permit.Holder == id))
        {
            state = state.BecameGhost(id, permit.Id, null, now);
        }
        return state with { Holders = state.Holders.Remove(id) };
    }

    /// <summary>The answer to the last probe; an older one's is too late to say anything.</summary>
    internal BudgetState Saw(long probe, GhostSighting? sighting, TimeSpan now) => probe != Watch.LastProbe ? this : this with
    {
        Watch = Watch.Answered(now),
        Ghosts = sighting is null ? Ghosts : Ghosts.RemoveRange(Watch.About.Where(id => IsProvenGone(id, sighting))),
    };

    internal BudgetState Expired(TimeSpan now) =>
        this with { Ghosts = Ghosts.RemoveRange(Ghosts.Values.Where(ghost => now >= ghost.Until).Select(ghost => ghost.Id)) };

    internal BudgetState With(BudgetHolder holder) => this with { Holders = Holders.SetItem(holder.Id, holder) };

    private Permit? Find(HolderId id, PermitId permit) => Permits.TryGetValue(permit, out var found) && found.Holder == id ? found : null;

    private bool IsProvenGone(PermitId id, GhostSighting sighting) =>
        Ghosts.TryGetValue(id, out var ghost) && ghost.Backend is { } backend && GhostProbe.ProvesGone(sighting, backend);
}
