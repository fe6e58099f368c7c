using Akka.Actor;
using Akka.TestKit;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Errands;
using Broker.Leases;
using Broker.Pools;
using Xunit;

namespace Broker.Tests.Pools.Supervisor;

/// <summary>What the pool's actor and those who open links in its slots tell each other.</summary>
public sealed class SlotSpecs : PoolStage
{
    private long _requests;

    [Fact]
    public void Who_asks_for_a_slot_gets_it_by_the_name_of_its_request_and_the_next_gets_it_after_its_return()
    {
        StartPool("size = 1, overflow = 0");
        var (first, second) = (CreateTestProbe(), CreateTestProbe());
        var (asked, waiting) = (AskSlot(first), AskSlot(second));
        var lent = first.ExpectMsg<SlotLent>();
        Assert.Equal((Orders, asked, Pool), (lent.Pool, lent.Request, first.LastSender));
        GiveBack(first, lent);
        Assert.Equal(waiting, second.ExpectMsg<SlotLent>().Request);
        Assert.Equal("gateway", Assert.Single(Status().Leases).Holder);
        Stage.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void A_slot_comes_back_for_a_borrower_that_waits_for_a_connection()
    {
        StartPool("size = 1, overflow = 0");
        var (share, borrower) = (CreateTestProbe(), CreateTestProbe());
        AskSlot(share);
        var lent = share.ExpectMsg<SlotLent>();
        Time.Advance(TimeSpan.FromSeconds(1));
        var since = Time.GetTimestamp();
        Acquire(borrower);
        Assert.Equal(new SlotsWanted(Orders, 1, since), share.ExpectMsg<SlotsWanted>());
        GiveBack(share, lent);
        ExpectLent(ExpectOpened(), borrower);
    }

    [Fact]
    public void What_is_owed_to_other_pools_goes_before_everybody_and_what_they_could_use_after()
    {
        StartPool("size = 3, overflow = 0");
        var share = CreateTestProbe();
        AskSlot(share);
        AskSlot(share);
        var lent = share.ExpectMsg<SlotLent>();
        share.ExpectMsg<SlotLent>();
        Pool.Tell(new BudgetEvents.YieldAsked(1));
        Assert.Equal(new SlotsWanted(Orders, 1, long.MinValue), share.ExpectMsg<SlotsWanted>());
        GiveBack(share, lent);
        Pool.Tell(new BudgetEvents.IdleWanted(1));
        Assert.Equal(new SlotsWanted(Orders, 1, long.MaxValue), share.ExpectMsg<SlotsWanted>());
    }

    [Fact]
    public void A_request_that_is_taken_back_is_refused_and_one_that_was_lent_a_moment_before_is_revoked()
    {
        StartPool("size = 1, overflow = 0");
        var share = CreateTestProbe();
        var (lent, waiting) = (AskSlot(share), AskSlot(share));
        var slot = share.ExpectMsg<SlotLent>();
        Pool.Tell(new WithdrawAcquire(waiting), share.Ref);
        var refused = share.ExpectMsg<SlotRefused>();
        Assert.Equal(waiting, refused.Request);
        Assert.IsType<Cancelled>(refused.Failure);
        Pool.Tell(new WithdrawAcquire(lent), share.Ref);
        Assert.Equal(slot.Lease, share.ExpectMsg<SlotRevoked>().Lease);
        GiveBack(share, slot);
        AskSlot(share);
        share.ExpectMsg<SlotLent>();
    }

    [Fact]
    public void A_holder_that_dies_leaves_ghosts_by_the_names_of_their_processes()
    {
        StartPool("size = 2, overflow = 0");
        var (share, other) = (CreateTestProbe(), CreateTestProbe());
        AskSlot(share);
        AskSlot(share);
        AskSlot(share);
        var named = share.ExpectMsg<SlotLent>();
        share.ExpectMsg<SlotLent>();
        Pool.Tell(new NameSlot(named.Lease, PoolDriver.Backend(new(7))), share.Ref);
        AskSlot(other);
        Assert.Equal(2, Status().Waiting);
        Sys.Stop(share.Ref);
        var ghosts =
            new[] { Stage.ExpectMsg<BudgetCommands.ReleaseGhost>().Backend, Stage.ExpectMsg<BudgetCommands.ReleaseGhost>().Backend };
        Assert.Equal([null, PoolDriver.Backend(new(7))], ghosts.OrderBy(backend => backend is not null));
        other.ExpectMsg<SlotLent>();
        Assert.Equal((1, 0), (Status().Lent, Status().Waiting));
    }

    [Fact]
    public void Invalidation_is_told_to_holders_and_hard_takes_their_slots()
    {
        StartPool();
        var (share, operating) = (CreateTestProbe(), CreateTestProbe());
        AskSlot(share);
        var lent = share.ExpectMsg<SlotLent>();
        Pool.Tell(new Client.Protocol.Messages.InvalidatePool(Hard: false), operating.Ref);
        Assert.Equal(new SlotsOutdated(Orders, CloseReason.Invalidated), share.ExpectMsg<SlotsOutdated>());
        Pool.Tell(new Client.Protocol.Messages.InvalidatePool(Hard: true), operating.Ref);
        share.ExpectMsg<SlotsOutdated>();
        Assert.Equal(lent.Lease, share.ExpectMsg<SlotRevoked>().Lease);
    }

    [Fact]
    public void A_pool_told_to_stop_waits_for_its_slots_and_takes_them_when_it_is_told_again()
    {
        StartPool("size = 1, overflow = 0");
        var (share, stopping) = (CreateTestProbe(), CreateTestProbe());
        var (_, waiting) = (AskSlot(share), AskSlot(share));
        var lent = share.ExpectMsg<SlotLent>();
        Watch(Pool);
        Pool.Tell(new PoolCommands.StopPool(Drain: true), stopping.Ref);
        Assert.IsType<BrokerStopping>(share.ExpectMsg<SlotRefused>(refused => Assert.Equal(waiting, refused.Request)).Failure);
        Assert.Equal(CloseReason.Stopping, share.ExpectMsg<SlotsOutdated>().Reason);
        Pool.Tell(new PoolCommands.StopPool(Drain: false), stopping.Ref);
        share.ExpectMsg<SlotRevoked>();
        GiveBack(share, lent);
        stopping.ExpectMsg<PoolStopped>();
        ExpectTerminated(Pool);
    }

    [Fact]
    public void A_pool_that_fails_revokes_what_is_lent_refuses_what_waits_and_does_not_take_the_old_for_its_own()
    {
        StartPool("size = 1, overflow = 0");
        var share = CreateTestProbe();
        var (_, waiting) = (AskSlot(share), AskSlot(share));
        var lent = share.ExpectMsg<SlotLent>();
        Pool.Tell(new RunErrandsAgain(default), share.Ref);
        Assert.Equal(lent.Lease, share.ExpectMsg<SlotRevoked>().Lease);
        Assert.Equal(waiting, share.ExpectMsg<SlotRefused>().Request);
        Stage.ExpectMsg<BudgetCommands.LeaveBudget>();

        AskSlot(share);
        var anew = share.ExpectMsg<SlotLent>();
        Assert.NotEqual(lent.Lease, anew.Lease);
        GiveBack(share, lent);
        Assert.Equal(1, Status().Lent);
    }

    [Fact]
    public void A_link_that_could_not_be_opened_is_counted_and_one_that_closed_too_and_no_time_of_use_is_measured()
    {
        using var recorded = Record();
        StartPool("size = 5");
        var share = CreateTestProbe();
        AskSlot(share);
        AskSlot(share);
        var (failing, closing) = (share.ExpectMsg<SlotLent>(), share.ExpectMsg<SlotLent>());
        var down = new ServerUnavailable(Orders, "db:5432", "connection refused");
        Pool.Tell(new ReturnSlot(failing.Lease, CloseReason.Broken, Clean: true) { ConnectFailure = down }, share.Ref);
        Pool.Tell(new NameSlot(closing.Lease, PoolDriver.Backend(new(7))), share.Ref);
        Pool.Tell(new ReturnSlot(closing.Lease, CloseReason.Recycled, Clean: true), share.Ref);
        Assert.Equal(0, Status().Lent);
        Assert.Equal(
            (1, 1, 1, 2, 0),
            (Count("broker.connection.connect_failures"), Count("broker.connection.closed"), Count("db.client.connection.create_time"),
                Count("db.client.connection.wait_time"), Count("db.client.connection.use_time")));

        int Count(string instrument) => recorded.Of(instrument).Count();
    }

    [Fact]
    public void Who_asks_whether_a_pool_can_connect_hears_it_when_a_link_is_open()
    {
        StartPool("size = 1, overflow = 0");
        var share = CreateTestProbe();
        AskSlot(share);
        var lent = share.ExpectMsg<SlotLent>();
        Pool.Tell(PoolCommands.OpenFirst.Instance, TestActor);
        Pool.Tell(new NameSlot(lent.Lease, PoolDriver.Backend(new(7))), share.Ref);
        ExpectMsg<FirstOpened>();
        Pool.Tell(PoolCommands.OpenFirst.Instance, TestActor);
        ExpectMsg<FirstOpened>();
    }

    private ErrandId AskSlot(TestProbe share)
    {
        var request = new ErrandId(3, ++_requests);
        Pool.Tell(new AcquireSlot(request, null), share.Ref);
        return request;
    }

    private void GiveBack(TestProbe share, SlotLent lent) =>
        Pool.Tell(new ReturnSlot(lent.Lease, CloseReason.IdleTimeout, Clean: true), share.Ref);
}
