using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Diagnostics;
using Broker.Tests.Platforms;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broker.Tests.Budgets;

public sealed class ServerBudgetSpecs() : TestKit(Patience.Hocon)
{
    private readonly FakeTimeProvider _time = new();
    private readonly BrokerMeter _meter = new(null, enabled: false);

    [Fact]
    public void Every_ask_is_granted_while_connections_are_left_and_the_next_one_when_one_comes_back()
    {
        var budget = Budget(max: 2);
        var pool = CreateTestProbe();

        Ask(budget, pool, 3);
        var first = pool.ExpectMsg<BudgetEvents.PermitGranted>();
        pool.ExpectMsg<BudgetEvents.PermitGranted>();
        pool.ExpectNoMsg(TimeSpan.Zero);
        budget.Tell(new BudgetCommands.ReleasePermit(pool.Ref, first.Permit));

        Assert.Equal(new PermitId(3), pool.ExpectMsg<BudgetEvents.PermitGranted>().Permit);
    }

    [Fact]
    public void Two_pools_under_a_budget_of_ten_one_flooding_the_other_gets_its_five()
    {
        var budget = Budget(max: 10);
        var flooding = new Obedient(this, budget, "flood");
        var other = new Obedient(this, budget, "other");
        flooding.Ask(1_000);
        flooding.ExpectPermits(10);

        other.Ask(20);
        flooding.HonourYield(5);
        other.ExpectPermits(5);

        Assert.Equal([("flood", 5, 5), ("other", 5, 5)], Status(budget).Pools.Select(pool => (pool.Pool.Database, pool.Held, pool.Share)));
    }

    [Fact]
    public void A_holder_that_closes_its_connection_after_its_death_leaves_no_ghost()
    {
        var budget = Budget(max: 1);
        var dying = CreateTestProbe();
        var other = CreateTestProbe();
        Ask(budget, dying, 1);
        var permit = dying.ExpectMsg<BudgetEvents.PermitGranted>().Permit;
        Ask(budget, other, 1);
        Sys.Stop(dying.Ref);
        AwaitCondition(() => Status(budget).Ghosts == 1);

        budget.Tell(new BudgetCommands.ReleasePermit(dying.Ref, permit));

        other.FishForMessage<BudgetEvents.PermitGranted>(_ => true);
        Assert.Equal((1, 0), (Status(budget).Used, Status(budget).Ghosts));
    }

    [Fact]
    public void A_pool_that_dies_leaves_ghosts_until_another_pool_sees_them_gone()
    {
        var budget = Budget(max: 2);
        var dying = CreateTestProbe();
        var other = CreateTestProbe();
        Ask(budget, dying, 1);
        var permit = dying.ExpectMsg<BudgetEvents.PermitGranted>().Permit;
        budget.Tell(new BudgetCommands.NameBackend(dying.Ref, permit, History.BackendOf(permit)));
        Ask(budget, other, 2);
        other.ExpectMsg<BudgetEvents.PermitGranted>();

        Sys.Stop(dying.Ref);
        var probe = other.FishForMessage<BudgetEvents.ProbeGhosts>(_ => true);
        Assert.Equal(History.BackendOf(permit), Assert.Single(probe.Ghosts));
        budget.Tell(new BudgetCommands.GhostsSeen(other.Ref, probe.Probe, new GhostSighting("s:1", DateTime.UnixEpoch, [])));

        other.FishForMessage<BudgetEvents.PermitGranted>(_ => true);
    }

    [Fact]
    public void A_pool_that_leaves_and_asks_again_starts_anew_and_what_it_had_is_a_ghost()
    {
        var budget = Budget(max: 2);
        var pool = CreateTestProbe();
        Ask(budget, pool, 1);
        pool.ExpectMsg<BudgetEvents.PermitGranted>();

        budget.Tell(new BudgetCommands.LeaveBudget(pool.Ref));
        Ask(budget, pool, 2);

        pool.ExpectMsg<BudgetEvents.PermitGranted>();
        var status = Status(budget);
        Assert.Equal((1, 1, 1), (status.Ghosts, status.Pools.Single().Held, status.Pools.Single().Waiting));
    }

    [Fact]
    public void A_second_release_and_a_release_of_anothers_permit_change_nothing()
    {
        var budget = Budget(max: 2);
        var pool = CreateTestProbe();
        var other = CreateTestProbe();
        Ask(budget, pool, 1);
        Ask(budget, other, 1);
        var permit = pool.ExpectMsg<BudgetEvents.PermitGranted>().Permit;

        budget.Tell(new BudgetCommands.ReleasePermit(pool.Ref, permit));
        budget.Tell(new BudgetCommands.ReleasePermit(pool.Ref, permit));
        budget.Tell(new BudgetCommands.ReleasePermit(pool.Ref, other.ExpectMsg<BudgetEvents.PermitGranted>().Permit));

        Assert.Equal([0, 1], Status(budget).Pools.Select(share => share.Held));
    }

    [Fact]
    public void An_unproven_ghost_ends_by_the_clock()
    {
        var budget = Budget(max: 1);
        var pool = CreateTestProbe();
        Ask(budget, pool, 2);
        var permit = pool.ExpectMsg<BudgetEvents.PermitGranted>().Permit;
        budget.Tell(new BudgetCommands.ReleaseGhost(pool.Ref, permit, null));
        Assert.Equal(1, Status(budget).Ghosts);
        pool.ExpectNoMsg(TimeSpan.Zero);

        _time.Advance(TimeSpan.FromSeconds(61));

        pool.ExpectMsg<BudgetEvents.PermitGranted>();
    }

    [Fact]
    public void Every_command_of_the_family_is_handled()
    {
        var budget = Budget(max: 5);
        var pool = CreateTestProbe();
        var unhandled = CreateTestProbe();
        Sys.EventStream.Subscribe(unhandled.Ref, typeof(Akka.Event.UnhandledMessage));
        var permit = new PermitId(1);
        IBudgetCommand[] commands =
        [
            new BudgetCommands.AskPermit(pool.Ref, new PoolId("db", "app"), 1, 1), new BudgetCommands.WithdrawPermits(pool.Ref, 1),
            new BudgetCommands.NameBackend(pool.Ref, permit, History.BackendOf(permit)), new BudgetCommands.ReleasePermit(pool.Ref, permit),
            new BudgetCommands.ReleaseGhost(pool.Ref, permit, null), new BudgetCommands.GhostsSeen(pool.Ref, 7, null),
            new BudgetCommands.LeaveBudget(pool.Ref),
            new BudgetCommands.BackendClosed(pool.Ref, History.BackendOf(permit)),
        ];
        var family = typeof(BudgetCommands).GetNestedTypes(System.Reflection.BindingFlags.NonPublic)
            .Where(typeof(IBudgetCommand).IsAssignableFrom);
        Assert.Equal(family.Select(type => type.Name).Order(), commands.Select(command => command.GetType().Name).Order());

        foreach (var command in commands.Concat(commands))
        {
            budget.Tell(command);
        }

        Status(budget);
        unhandled.ExpectNoMsg(TimeSpan.Zero);
    }

    private IActorRef Budget(int max, int reserve = 0) =>
        Sys.ActorOf(ServerBudget.For("main", new BudgetLimits(max, reserve, TimeSpan.FromSeconds(60)), _meter, _time));

    private static void Ask(IActorRef budget, TestProbe pool, int count) =>
        budget.Tell(new BudgetCommands.AskPermit(pool.Ref, new PoolId(pool.Ref.Path.Name, "app"), 1, count));

    private BudgetStatus Status(IActorRef budget)
    {
        budget.Tell(BudgetCommands.GetBudgetStatus.Instance, TestActor);
        return ExpectMsg<BudgetStatus>();
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _meter.Dispose();
    }

    /// <summary>A pool that yields as it is asked to.</summary>
    private sealed class Obedient(TestKit kit, IActorRef budget, string name)
    {
        private readonly TestProbe _probe = kit.CreateTestProbe();
        private readonly Queue<PermitId> _held = [];

        internal void Ask(int count) => budget.Tell(new BudgetCommands.AskPermit(_probe.Ref, new PoolId(name, "app"), 1, count));

        internal void ExpectPermits(int count)
        {
            for (var permit = 0; permit < count; permit++)
            {
                _held.Enqueue(_probe.ExpectMsg<BudgetEvents.PermitGranted>().Permit);
            }
            _probe.ExpectNoMsg(TimeSpan.Zero);
        }

        internal void HonourYield(int count)
        {
            Assert.Equal(count, _probe.ExpectMsg<BudgetEvents.YieldAsked>().Count);
            for (var permit = 0; permit < count; permit++)
            {
                budget.Tell(new BudgetCommands.ReleasePermit(_probe.Ref, _held.Dequeue()));
            }
        }
    }
}
