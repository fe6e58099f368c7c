using System.Collections.Immutable;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Connections;

namespace Broker.Tests.Budgets;

/// <summary>A budget with pools that obey it, as a plain program: what a pool would send and receive, without actors.</summary>
internal sealed class History
{
    private readonly int[] _weights;

    internal History(int max, int reserve, params int[] weights)
    {
        _weights = weights;
        State = new BudgetState(new BudgetLimits(max, reserve, TimeSpan.FromSeconds(60)));
        Pools = [.. weights.Select((_, number) => new ModelPool(new HolderId(number + 1)))];
    }

    internal BudgetState State { get; private set; }

    internal ModelPool[] Pools { get; }

    internal TimeSpan Now { get; private set; }

    internal List<BudgetEffect> Effects { get; } = [];

    internal ModelPool Pool(HolderId id) => Pools[id.Number - 1];

    internal void Ask(int pool, int count, bool reserve = false)
    {
        var holder = Pools[pool];
        if (reserve)
        {
            holder.WaitingForReserve += count;
        }
        else
        {
            holder.Waiting += count;
        }
        Take(State.Joined(holder.Id, IdOf(pool), _weights[pool]).Asked(holder.Id, count, reserve, Now));
    }

    internal void Withdraw(int pool, int count)
    {
        Pools[pool].Waiting = Math.Max(0, Pools[pool].Waiting - count);
        Take(State.Withdrew(Pools[pool].Id, count, reserve: false));
    }

    internal void Release(int pool) => GiveBack(pool, (permit, id) => State.Released(id, permit, Now));

    internal void LoseUncleanly(int pool) => GiveBack(pool, (permit, id) => State.BecameGhost(id, permit, BackendOf(permit), Now));

    internal void ReleaseReserve(int pool)
    {
        if (Pools[pool].Reserve.TryDequeue(out var permit))
        {
            Take(State.Released(Pools[pool].Id, permit, Now));
        }
    }

    internal void Limit(int max, int reserve) =>
        Take(State with { Limits = State.Limits with { MaxConnections = max, Reserve = reserve } });

    internal void Die(int pool)
    {
        Pools[pool].Clear();
        Take(State.Left(Pools[pool].Id, Now));
    }

    internal void Pass(TimeSpan time)
    {
        Now += time;
        Take(State);
    }

    internal void SeeAllGone() => See([]);

    internal void SeeAllRunning() =>
        See([.. State.Watch.About.Select(BackendOf).Select(ghost => new RunningBackend(ghost.Pid, ghost.BackendStart))]);

    private void See(ImmutableArray<RunningBackend> running) =>
        Take(State.Saw(State.Watch.LastProbe, new GhostSighting("s:1", DateTime.UnixEpoch, running), Now));

    /// <summary>Each pool gives back what it was asked to yield; true when any did.</summary>
    internal bool HonourYields()
    {
        var any = false;
        for (var pool = 0; pool < Pools.Length; pool++)
        {
            while (Pools[pool].Owed > 0 && Pools[pool].Held.Count > 0)
            {
                Release(pool);
                any = true;
            }
        }
        return any;
    }

    internal static BackendIdentity BackendOf(PermitId permit) => new(
        (int)permit.Number, DateTime.UnixEpoch.AddSeconds(permit.Number), DateTime.UnixEpoch, 1, "s:1", 150000);

    private static PoolId IdOf(int pool) => new($"db{pool}", "app");

    private void GiveBack(int pool, Func<PermitId, HolderId, BudgetState> release)
    {
        var holder = Pools[pool];
        if (holder.Held.TryDequeue(out var permit))
        {
            holder.GaveBack();
            Take(release(permit, holder.Id));
        }
    }

    private void Take(BudgetState state)
    {
        var turn = BudgetTurn.Take(state, Now);
        State = turn.State;
        Effects.AddRange(turn.Effects);
        foreach (var effect in turn.Effects)
        {
            Pool(effect.Holder).Hear(effect);
        }
    }

    internal sealed class ModelPool(HolderId id)
    {
        internal HolderId Id { get; } = id;

        internal Queue<PermitId> Held { get; } = [];

        internal Queue<PermitId> Reserve { get; } = [];

        internal int Waiting { get; set; }

        internal int WaitingForReserve { get; set; }

        internal int Owed { get; set; }

        internal int IdleWanted { get; private set; }

        internal void Clear()
        {
            (Waiting, WaitingForReserve, Owed, IdleWanted) = (0, 0, 0, 0);
            Held.Clear();
            Reserve.Clear();
        }

        internal void GaveBack()
        {
            Owed = Math.Min(Math.Max(0, Owed - 1), Held.Count);
            IdleWanted = Math.Max(0, IdleWanted - 1);
        }

        internal void Hear(BudgetEffect effect)
        {
            switch (effect)
            {
                case BudgetEffect.Grant { Reserve: true } grant: WaitingForReserve--; Reserve.Enqueue(grant.Permit); break;
                case BudgetEffect.Grant grant: Waiting--; Held.Enqueue(grant.Permit); break;
                case BudgetEffect.AskYield yield: Owed += yield.Count; break;
                case BudgetEffect.WishIdle wish: IdleWanted = wish.Count; break;
                case BudgetEffect.Deny { Reserve: true } deny: WaitingForReserve -= deny.Count; break;
                case BudgetEffect.Deny deny: Waiting -= deny.Count; break;
                default: break;
            }
        }
    }
}
