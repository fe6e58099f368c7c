using Akka.Actor;
using Akka.TestKit;
using Broker.Budgets;
using Broker.Connections;
using Broker.Gateway.Links;
using Broker.Leases;
using Broker.Pools;
using Broker.Settlement;
using Xunit;

namespace Broker.Tests.Pools.Supervisor;

/// <summary>What a pool's actor tells others when its plan is another.</summary>
public sealed class ChangingSpecs : PoolStage
{
    [Fact]
    public void Permits_go_back_to_the_budget_that_granted_them()
    {
        var (former, next) = (CreateTestProbe("former"), CreateTestProbe("next"));
        StartPool("size = 2, overflow = 0", former);
        var borrower = CreateTestProbe();
        Acquire(borrower);
        Acquire(borrower);
        Grant(former, new(1, Budget: 7));
        var connection = ExpectOpened();
        ExpectLent(connection, borrower);

        Pool.Tell(new PoolCommands.ChangePlan(Elsewhere(PlanOf("size = 2, overflow = 0")) with { Budget = next.Ref }));

        Assert.Equal(1, former.FishForMessage<BudgetCommands.WithdrawPermits>(_ => true).Count);
        Assert.Equal(1, next.ExpectMsg<BudgetCommands.AskPermit>().Wanted);
        Grant(former, new(2, Budget: 7), asked: false);
        Assert.Equal(new PermitId(2, 7), former.ExpectMsg<BudgetCommands.ReleasePermit>().Permit);
        former.Send(Pool, new BudgetEvents.ProbeGhosts(5, []));
        Assert.Null(former.ExpectMsg<BudgetCommands.GhostsSeen>().Sighting);
        Tell(connection, new ConnectionEvents.Closed(connection, CloseReason.Invalidated, Clean: true, PoolDriver.Backend(connection)));
        Assert.Equal(new PermitId(1, 7), former.ExpectMsg<BudgetCommands.ReleasePermit>().Permit);
        next.Send(Pool, new BudgetEvents.PermitGranted(new(1, Budget: 8), Reserve: false));
        ExpectStarted();
    }

    [Fact]
    public void Who_opens_links_is_told_how_before_it_has_a_slot_for_one()
    {
        StartPool("size = 2, overflow = 0");
        var share = CreateTestProbe();
        Pool.Tell(PoolCommands.FollowLinks.Instance, share.Ref);
        Assert.Equal("orders", share.ExpectMsg<LinksChanged>().Links.Database.Database);
        Pool.Tell(new AcquireSlot(new(1, 1), null), share.Ref);
        share.ExpectMsg<SlotLent>();

        Pool.Tell(new PoolCommands.ChangePlan(Elsewhere(PlanOf("size = 2, overflow = 0"))));
        Pool.Tell(new AcquireSlot(new(1, 2), null), share.Ref);

        Assert.Equal("elsewhere", share.ExpectMsg<LinksChanged>().Links.Database.Database);
        Assert.Equal(CloseReason.Invalidated, share.ExpectMsg<SlotsOutdated>().Reason);
        share.ExpectMsg<SlotLent>();
    }

    [Fact]
    public void A_pool_that_begins_anew_goes_by_the_last_plan()
    {
        var parent = Sys.ActorOf(Props.Create(() => new Restarting(PlanOf("size = 1, overflow = 0"), TestActor)));
        var pool = ExpectMsg<IActorRef>();
        var share = CreateTestProbe();
        pool.Tell(PoolCommands.FollowLinks.Instance, share.Ref);
        share.ExpectMsg<LinksChanged>();
        pool.Tell(new PoolCommands.ChangePlan(Elsewhere(PlanOf("size = 1, overflow = 0"))));
        share.ExpectMsg<LinksChanged>();

        pool.Tell(Kill.Instance);

        pool.Tell(PoolCommands.FollowLinks.Instance, share.Ref);
        Assert.Equal("elsewhere", share.ExpectMsg<LinksChanged>().Links.Database.Database);
        Assert.False(parent.IsNobody());
    }

    [Fact]
    public void What_became_of_a_commit_is_asked_where_its_connection_was()
    {
        var (here, there) = (PlanOf() with { Settler = Named("here") }, Elsewhere(PlanOf()) with { Settler = Named("there") });
        var (before, after) = (PoolDriver.Backend(new(1)), PoolDriver.Backend(new(2)));
        var plans = new PoolPlans(here);

        plans.Replace(there, [before]);

        Assert.Equal("here", plans.SettlerOf(before, static _ => { }).Pool.Database);
        Assert.Equal("there", plans.SettlerOf(after, static _ => { }).Pool.Database);
    }

    [Fact]
    public void A_password_or_a_setting_of_the_session_leads_elsewhere_and_a_limit_does_not()
    {
        var plan = PlanOf();
        var links = plan.Links!;

        Assert.True(PlanOf("size = 9").HasTargetOf(plan));
        Assert.True(With(links with { Server = links.Server with { MaxConnections = 9, Hosts = [.. links.Server.Hosts] } })
            .HasTargetOf(plan));
        Assert.False(With(links with { Server = links.Server with { Hosts = [new("other", 5432)] } }).HasTargetOf(plan));
        Assert.False(With(links with { Database = links.Database with { Settings = links.Database.Settings.Add("search_path", "x") } })
            .HasTargetOf(plan));
        Assert.False(With(links with { User = links.User with { Password = new Broker.Configuration.PasswordSource.Literal(new("x")) } })
            .HasTargetOf(plan));

        PoolPlan With(LinkPlan other) => plan with { Links = other };
    }

    private static PoolPlan Elsewhere(PoolPlan plan) =>
        plan with { Links = plan.Links! with { Database = plan.Links.Database with { Database = "elsewhere" } } };

    private static Func<Action<SettledOutcome>, SettlerPlan> Named(string name) =>
        told => new(new(name, "app"), null!, ActorRefs.Nobody, null!, null, TimeProvider.System, told);

    private void StartPool(string settings, TestProbe budget) => StartPool(PlanOf(settings) with { Budget = budget.Ref });

    private void Grant(TestProbe budget, PermitId permit, bool asked = true)
    {
        if (asked)
        {
            budget.ExpectMsg<BudgetCommands.AskPermit>();
        }
        budget.Send(Pool, new BudgetEvents.PermitGranted(permit, Reserve: false));
    }

    private sealed class Restarting(PoolPlan plan, IActorRef test) : UntypedActor
    {
        protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Restart);

        protected override void PreStart() => test.Tell(Context.ActorOf(PoolSupervisor.For(plan)));

        protected override void OnReceive(object message) => Unhandled(message);
    }
}
