using System.Collections.Immutable;

namespace Broker.Budgets;

/// <summary>
/// What follows from the facts, in this order: grant what is free, ask those above their share to yield what others lack, let waiting pools
/// take turns when there are fewer permits than pools, and tell which pools' idle connections are wanted. Each step is a function from
/// a turn to the next.
/// </summary>
internal sealed record BudgetTurn(BudgetState State, TimeSpan Now, ImmutableList<BudgetEffect> Effects)
{
    /// <summary>Everything that is due in this state at this time.</summary>
    internal static BudgetTurn Take(BudgetState state, TimeSpan now) => new BudgetTurn(state.Expired(now), now, [])
        .DenyTheImpossible().GrantReserve().GrantFree().AskYields().AskTurns().WishIdle().ProbeGhosts();

    private BudgetTurn DenyTheImpossible() => State.Limits.Reserve < State.Limits.MaxConnections ? this
        : State.Holders.Values.Where(holder => holder.Waiting > 0).Aggregate(this, (turn, holder) => turn.Then(
            turn.State.Withdrew(holder.Id, holder.Waiting, reserve: false),
            new BudgetEffect.Deny(holder.Id, holder.Waiting, false,
                $"the reserve of {State.Limits.Reserve} leaves nothing (broker.servers.{{name}}.reserve)")));

    /// <summary>
    /// A reserve ask may also take what nobody ordinary waits for. Without a reserve one such ask at a time goes before the ordinary ones,
    /// for it is an errand or a settlement that somebody who holds connections may be waiting for.
    /// </summary>
    private BudgetTurn GrantReserve()
    {
        var turn = this;
        while (turn.State is var state && state.Used < state.Limits.MaxConnections
            && (state.ReserveUsed < Math.Max(1, state.Limits.Reserve) || state.Waiting == 0)
            && state.Holders.Values.Where(holder => holder.WaitingForReserve > 0).MinBy(turn.ReserveHeld) is { } next)
        {
            turn = turn.Grant(next.Id, reserve: true);
        }
        return turn;
    }

    private int ReserveHeld(BudgetHolder holder) => State.Permits.Values.Count(permit => permit.Reserve && permit.Holder == holder.Id);

    private BudgetTurn GrantFree()
    {
        var turn = this;
        if (State.Free == 0 || State.Waiting == 0)
        {
            return this;
        }
        // A grant changes neither a demand nor the capacity, so the shares hold for all of them.
        var shares = Shares();
        while (turn.State.Free > 0 && turn.MostDeserving(shares) is { } next)
        {
            turn = turn.Grant(next.Id, reserve: false);
        }
        return turn;
    }

    /// <summary>
    /// While a permit is free, somebody who waits is below his share, since all shares together are all permits or all demand.
    /// </summary>
    private BudgetHolder? MostDeserving(ImmutableDictionary<HolderId, int> shares) => State.Holders.Values
        .Where(holder => holder.Waiting > 0 && holder.Held < shares[holder.Id])
        .OrderBy(holder => holder.Held > 0).ThenBy(holder => (holder.Held + 1) / (double)holder.Weight).ThenBy(holder => holder.LastTurn)
        .FirstOrDefault();

    /// <summary>
    /// Exactly as many as are lacking and not asked for already are asked back, each from the pool then most above its share. With nothing
    /// free, what is held above the shares is just what is lacking below them, so there is never another pool to ask instead. What is
    /// beyond a limit that was lowered is asked back whether or not somebody waits.
    /// </summary>
    private BudgetTurn AskYields()
    {
        var beyond = Math.Max(0, State.Holders.Values.Sum(holder => holder.Held) - State.Capacity);
        if (State.Waiting == 0 && beyond == 0)
        {
            return this;
        }
        var shares = Shares();
        var lacking = beyond + State.Holders.Values.Sum(holder => Math.Max(0, shares[holder.Id] - holder.Held) - holder.Yielding);
        var turn = this;
        for (; lacking > 0 && turn.MostAbove(shares) is { } victim; lacking--)
        {
            turn = turn.AskYield(victim);
        }
        return turn;
    }

    private BudgetHolder? MostAbove(ImmutableDictionary<HolderId, int> shares) => State.Holders.Values
        .Where(holder => Above(holder, shares) > 0).MaxBy(holder => Above(holder, shares));

    private static int Above(BudgetHolder holder, ImmutableDictionary<HolderId, int> shares) =>
        holder.Held - holder.Yielding - shares[holder.Id];

    /// <summary>
    /// With fewer permits than pools no share is broken and yet some have nothing. Who has waited for a turn's length with nothing gets the
    /// permit of the pool that has had its own the longest, and for at least a turn.
    /// </summary>
    private BudgetTurn AskTurns()
    {
        var waited = State.Holders.Values
            .Where(holder => holder is { Held: 0, Waiting: > 0 } && Now - holder.WaitingSince >= BudgetLimits.Turn).ToArray();
        var shares = waited.Length == 0 ? null : Shares();
        var starving = waited.Count(holder => shares![holder.Id] == 0);
        var turn = this;
        for (var lacking = starving - YieldsExpected; lacking > 0 && turn.LongestServed() is { } victim; lacking--)
        {
            turn = turn.AskYield(victim);
        }
        return turn;
    }

    private BudgetHolder? LongestServed() => State.Holders.Values
        .Where(holder => holder.Held > holder.Yielding && Now - holder.LastTurn >= BudgetLimits.Turn)
        .OrderByDescending(holder => holder.Held).ThenBy(holder => holder.LastTurn).FirstOrDefault();

    /// <summary>Yields still expected soon. A late one is not counted: its connections may be lent for long.</summary>
    private int YieldsExpected => State.Holders.Values.Where(holder => !IsLate(holder)).Sum(holder => holder.Yielding);

    private bool IsLate(BudgetHolder holder) => holder.Yielding > 0 && holder.IsYieldLate(Now);

    /// <summary>Who waits for more than its share may have what others hold idle.</summary>
    private BudgetTurn WishIdle()
    {
        var wanted = Math.Max(0, State.Waiting - YieldsExpected);
        return State.Holders.Values
            .Aggregate(this,
                (turn, holder) => turn.WishIdle(holder, holder.Waiting > 0 ? 0 : Math.Min(wanted, holder.Held - holder.Yielding)));
    }

    private BudgetTurn WishIdle(BudgetHolder holder, int count) => holder.IdleWanted == count ? this
        : Then(State.With(holder with { IdleWanted = count }), new BudgetEffect.WishIdle(holder.Id, count));

    private BudgetTurn ProbeGhosts()
    {
        var known = State.Ghosts.Values.Where(ghost => ghost.Backend is not null).ToImmutableArray();
        if (known.IsEmpty || Now < State.Watch.Due || Prober(known) is not { } prober)
        {
            return this;
        }
        var watch = State.Watch.Asked(prober.Id, [.. known.Select(ghost => ghost.Id)], Now);
        return Then(State with { Watch = watch },
            new BudgetEffect.Probe(prober.Id, watch.LastProbe, [.. known.Select(ghost => ghost.Backend!)]));
    }

    /// <summary>Best a pool whose role surely sees a ghost; not the one that just failed to answer, if there is another.</summary>
    private BudgetHolder? Prober(ImmutableArray<Ghost> ghosts) => State.Holders.Values
        .Where(holder => holder.Held > 0)
        .OrderBy(holder => State.Watch.IsAsking && State.Watch.LastAsked == holder.Id)
        .ThenBy(holder => !ghosts.Any(ghost => ghost.LastHolder == holder.Id))
        .FirstOrDefault();

    private BudgetTurn Grant(HolderId holder, bool reserve)
    {
        var next = State.Granted(holder, reserve, Now);
        return Then(next, new BudgetEffect.Grant(holder, new PermitId(next.LastPermit, next.Number), reserve));
    }

    private BudgetTurn AskYield(BudgetHolder holder)
    {
        var (effects, count) = Effects.LastOrDefault() is BudgetEffect.AskYield last && last.Holder == holder.Id
            ? (Effects.RemoveAt(Effects.Count - 1), last.Count + 1)
            : (Effects, 1);
        return (this with { Effects = effects }).Then(
            State.With(holder with { Yielding = holder.Yielding + 1, YieldAsked = Now }), new BudgetEffect.AskYield(holder.Id, count));
    }

    private ImmutableDictionary<HolderId, int> Shares() => FairShares.Of(State.Capacity, [.. State.Holders.Values]);

    private BudgetTurn Then(BudgetState state, BudgetEffect effect) => this with { State = state, Effects = Effects.Add(effect) };
}
