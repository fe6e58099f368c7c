using Broker.Budgets;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Broker.Tests.Budgets;

/// <summary>What holds after any history of asks, withdrawals, releases, losses, deaths and passing time.</summary>
public sealed class BudgetHistoryProperties
{
    [Property(MaxTest = 300)]
    public Property Permits_and_ghosts_never_exceed_the_maximum_and_ordinary_ones_leave_the_reserve() => Prop.ForAll(Histories, story =>
    {
        var history = story.Begin();
        return story.Steps.All(step =>
        {
            step.Play(history);
            var state = history.State;
            var ordinary = state.Permits.Values.Count(permit => !permit.Reserve) + state.Ghosts.Values.Count(ghost => !ghost.Reserve);
            return state.Used <= state.Limits.MaxConnections && ordinary <= state.Limits.MaxConnections - state.Limits.Reserve;
        });
    });

    [Property(MaxTest = 300)]
    public Property No_permit_is_lost_or_held_twice() => Prop.ForAll(Histories, story =>
    {
        var history = story.Begin();
        return story.Steps.All(step =>
        {
            step.Play(history);
            var told = history.Pools.SelectMany(pool => pool.Held.Concat(pool.Reserve).Select(permit => (pool.Id, permit))).ToHashSet();
            var known = history.State.Permits.Values.Select(permit => (permit.Holder, permit.Id)).ToHashSet();
            return told.SetEquals(known)
                && history.State.Holders.Values.All(holder => holder.Held == history.Pool(holder.Id).Held.Count
                    && holder.Waiting == history.Pool(holder.Id).Waiting && holder.IdleWanted == history.Pool(holder.Id).IdleWanted
                    && holder.Yielding == history.Pool(holder.Id).Owed)
                && !history.State.Ghosts.Keys.Any(history.State.Permits.ContainsKey);
        });
    });

    [Property(MaxTest = 300)]
    public Property Nothing_is_free_while_somebody_waits() => Prop.ForAll(Histories, story =>
    {
        var history = story.Begin();
        return story.Steps.All(step =>
        {
            step.Play(history);
            return history.State.Free == 0 || history.State.Waiting == 0;
        });
    });

    [Property(MaxTest = 300)]
    public Property Nobody_is_asked_below_its_share_nor_twice_for_one_permit() => Prop.ForAll(Histories, story =>
    {
        var history = story.Begin();
        return story.Steps.All(step =>
        {
            var before = history.Effects.Count;
            step.Play(history);
            var shares = FairShares.Of(history.State.Capacity, [.. history.State.Holders.Values]);
            var fewerThanPools = history.State.Capacity < history.State.Holders.Values.Count(holder => holder.Demand > 0);
            return history.Effects.Skip(before).OfType<BudgetEffect.AskYield>().All(yield =>
            {
                var holder = history.State.Holders[yield.Holder];
                return holder.Yielding <= holder.Held && (fewerThanPools || holder.Held - holder.Yielding >= shares[holder.Id]);
            });
        });
    });

    [Property(MaxTest = 300)]
    public Property Every_ask_is_granted_in_the_end_if_connections_come_back() => Prop.ForAll(Histories, story =>
    {
        var history = story.Begin();
        foreach (var step in story.Steps)
        {
            step.Play(history);
        }
        for (var round = 0; round < 1_000 && history.Pools.Any(pool => pool.Waiting + pool.WaitingForReserve > 0); round++)
        {
            history.Pass(TimeSpan.FromSeconds(1));
            for (var pool = 0; pool < history.Pools.Length; pool++)
            {
                history.Release(pool);
                history.ReleaseReserve(pool);
            }
        }
        return history.Pools.All(pool => pool.Waiting + pool.WaitingForReserve == 0);
    });

    [Property(MaxTest = 300)]
    public Property Once_yields_are_honoured_everybody_who_waits_has_its_share_and_nobody_is_asked_again() =>
        Prop.ForAll(Histories, story =>
    {
        var history = story.Begin();
        foreach (var step in story.Steps)
        {
            step.Play(history);
        }
        var rounds = 0;
        while (history.HonourYields())
        {
            if (++rounds > 3)
            {
                return false;
            }
        }
        var shares = FairShares.Of(history.State.Capacity, [.. history.State.Holders.Values]);
        return history.State.Holders.Values.All(holder => holder.Waiting == 0 || holder.Held >= shares[holder.Id]);
    });

    private static Arbitrary<Story> Histories => Arb.From(
        from pools in Gen.Choose(1, 5)
        from weights in Gen.Choose(1, 4).ArrayOf(pools)
        from max in Gen.Choose(1, 12)
        from reserve in Gen.Choose(0, Math.Min(3, max - 1))
        from steps in Step(pools).ListOf()
        select new Story(max, reserve, weights, [.. steps]),
        story => Enumerable.Range(0, story.Steps.Length)
            .Select(without => story with { Steps = [.. story.Steps.Where((_, at) => at != without)] }));

    private static Gen<Move> Step(int pools) =>
        from pool in Gen.Choose(0, pools - 1)
        from count in Gen.Choose(1, 6)
        from kind in Gen.Frequency(
            (6, Gen.Constant(MoveKind.Ask)), (1, Gen.Constant(MoveKind.AskReserve)), (1, Gen.Constant(MoveKind.Withdraw)),
            (4, Gen.Constant(MoveKind.Release)),
            (1, Gen.Constant(MoveKind.ReleaseReserve)), (1, Gen.Constant(MoveKind.Lose)), (1, Gen.Constant(MoveKind.Die)),
            (2, Gen.Constant(MoveKind.Pass)), (1, Gen.Constant(MoveKind.SeeGone)), (2, Gen.Constant(MoveKind.Yield)))
        select new Move(kind, pool, count);

    internal enum MoveKind { Ask, AskReserve, Withdraw, Release, ReleaseReserve, Lose, Die, Pass, SeeGone, Yield }

    internal sealed record Move(MoveKind Kind, int Pool, int Count)
    {
        internal void Play(History history)
        {
            switch (Kind)
            {
                case MoveKind.Ask: history.Ask(Pool, Count); break;
                case MoveKind.AskReserve: history.Ask(Pool, 1, reserve: true); break;
                case MoveKind.Withdraw: history.Withdraw(Pool, Count); break;
                case MoveKind.Release: history.Release(Pool); break;
                case MoveKind.ReleaseReserve: history.ReleaseReserve(Pool); break;
                case MoveKind.Lose: history.LoseUncleanly(Pool); break;
                case MoveKind.Die: history.Die(Pool); break;
                case MoveKind.Pass: history.Pass(TimeSpan.FromMilliseconds(300 * Count)); break;
                case MoveKind.SeeGone: history.SeeAllGone(); break;
                case MoveKind.Yield: history.HonourYields(); break;
            }
        }
    }

    internal sealed record Story(int Max, int Reserve, int[] Weights, Move[] Steps)
    {
        internal History Begin() => new(Max, Reserve, Weights);

        public override string ToString() => $"max {Max}, reserve {Reserve}, weights {string.Join(',', Weights)}: {string.Join("; ", Steps.Select(step => $"{step.Kind} {step.Pool} {step.Count}"))}";
    }
}
