using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Leases;
using Broker.Pools;
using Xunit;

namespace Broker.Tests.Pools.Supervisor;

/// <summary>What the pool's actor adds to the pool's decisions: who asked, who is watched, what time it is, and who is told.</summary>
public sealed class PoolSupervisorSpecs : PoolStage
{
    [Fact]
    public void A_borrower_is_lent_a_connection_and_the_next_one_gets_it_after_its_return()
    {
        StartPool("size = 1, overflow = 0");
        var (first, second) = (CreateTestProbe(), CreateTestProbe());
        Acquire(first);
        Acquire(second);
        var connection = ExpectOpened();
        var lend = ExpectLent(connection, first);
        Tell(connection, new ConnectionEvents.Returned(connection, lend.Lease));
        ExpectLent(connection, second);
    }

    [Fact] // 19
    public void A_borrower_that_dies_in_line_is_skipped()
    {
        StartPool("size = 1, overflow = 0");
        var (holder, dying, last) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        Acquire(holder);
        var connection = ExpectOpened();
        var lend = ExpectLent(connection, holder);
        Acquire(dying);
        Acquire(last);
        Watch(dying.Ref);
        Sys.Stop(dying.Ref);
        ExpectTerminated(dying.Ref);
        AwaitAssert(() => Assert.Equal(1, Status().Waiting));
        Tell(connection, new ConnectionEvents.Returned(connection, lend.Lease));
        ExpectLent(connection, last);
    }

    [Fact] // 38
    public void A_holder_that_dies_has_its_lease_called_back()
    {
        StartPool();
        var holder = CreateTestProbe();
        Acquire(holder);
        var connection = ExpectOpened();
        var lend = ExpectLent(connection, holder);
        Sys.Stop(holder.Ref);
        Assert.Equal(lend.Lease, ExpectTold<ConnectionCommands.Revoke>(connection).Lease);
    }

    [Fact] // 38
    public void An_actor_that_asks_again_before_its_return_is_heard_is_still_watched()
    {
        StartPool("size = 1, overflow = 0");
        var holder = CreateTestProbe();
        Acquire(holder);
        var connection = ExpectOpened();
        var first = ExpectLent(connection, holder);
        Acquire(holder);
        Tell(connection, new ConnectionEvents.Returned(connection, first.Lease));
        var second = ExpectLent(connection, holder);
        Sys.Stop(holder.Ref);
        Assert.Equal(second.Lease, ExpectTold<ConnectionCommands.Revoke>(connection).Lease);
    }

    [Fact]
    public void A_connection_whose_actor_dies_without_a_word_fails_its_holder_at_once_and_is_replaced()
    {
        StartPool("size = 1, overflow = 0");
        var (holder, waiting) = (CreateTestProbe(), CreateTestProbe());
        Acquire(holder);
        var connection = ExpectOpened();
        ExpectLent(connection, holder);
        Acquire(waiting);
        Sys.Stop(RefOf(connection));
        ExpectRefused<ConnectionLost>(holder);
        Assert.Equal(PoolDriver.Backend(connection), Stage.ExpectMsg<BudgetCommands.ReleaseGhost>().Backend);
        ExpectLent(ExpectOpened(), waiting);
    }

    [Fact] // 5
    public void A_borrower_is_refused_when_its_time_is_over_on_the_pools_clock()
    {
        StartPool("size = 1, overflow = 0, acquire-timeout = 30s");
        var (holder, waiting) = (CreateTestProbe(), CreateTestProbe());
        Acquire(holder);
        ExpectLent(ExpectOpened(), holder);
        Acquire(waiting);
        Assert.Equal(1, Status().Waiting);
        Time.Advance(TimeSpan.FromSeconds(30) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, Status().Waiting);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(TimeSpan.FromSeconds(30), ExpectRefused<PoolExhausted>(waiting).Waited);
    }

    [Fact]
    public void A_borrower_that_gives_up_leaves_the_line_and_is_told_so()
    {
        StartPool("size = 1, overflow = 0");
        var (holder, waiting) = (CreateTestProbe(), CreateTestProbe());
        Acquire(holder);
        ExpectLent(ExpectOpened(), holder);
        var request = Acquire(waiting);
        Pool.Tell(new WithdrawAcquire(request));
        ExpectRefused<Cancelled>(waiting);
        Assert.Equal(0, Status().Waiting);
    }

    [Fact] // 37
    public void A_lease_out_for_too_long_is_reported_with_who_since_when_and_doing_what()
    {
        StartPool("leak-threshold = 30s");
        var holder = CreateTestProbe();
        Acquire(holder);
        ExpectLent(ExpectOpened(), holder);
        Assert.Equal("load orders", Assert.Single(Status().Leases).Purpose);
        EventFilter.Warning(contains: "Orders.Load (orders.cs:17)").ExpectOne(() => Time.Advance(TimeSpan.FromSeconds(30)));
    }

    [Fact] // 15
    public void With_first_connect_hooks_one_connection_runs_them_while_the_others_wait()
    {
        StartPool("size = 2", hasFirstConnect: true);
        var (one, other) = (CreateTestProbe(), CreateTestProbe());
        Acquire(one);
        Acquire(other);
        var first = ExpectOpened();
        ExpectLent(first, one);
        var second = ExpectOpened();
        ExpectLent(second, other);
    }

    [Fact] // 23, 27
    public void Operators_suspend_resume_and_invalidate_a_pool()
    {
        StartPool();
        var (caller, operating) = (CreateTestProbe(), CreateTestProbe());
        Pool.Tell(SuspendPool.Instance, operating.Ref);
        operating.ExpectMsg<PoolSuspended>();
        Acquire(caller);
        Assert.True(Status().Suspended);
        Pool.Tell(ResumePool.Instance, operating.Ref);
        operating.ExpectMsg<PoolResumed>();
        var connection = ExpectOpened();
        var lend = ExpectLent(connection, caller);
        Pool.Tell(new InvalidatePool(Hard: true), operating.Ref);
        Assert.Equal(1, operating.ExpectMsg<PoolInvalidated>().Generation);
        Assert.Equal(lend.Lease, ExpectTold<ConnectionCommands.Revoke>(connection).Lease);
    }

    [Fact] // 14, 25
    public void A_pool_told_to_stop_ends_when_its_last_connection_has_come_back()
    {
        StartPool("size = 1, overflow = 0");
        var (holder, waiting, stopping) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        Acquire(holder);
        var connection = ExpectOpened();
        var lend = ExpectLent(connection, holder);
        Acquire(waiting);
        Watch(Pool);
        Pool.Tell(new PoolCommands.StopPool(Drain: true), stopping.Ref);
        ExpectRefused<BrokerStopping>(waiting);
        Tell(connection, new ConnectionEvents.Returned(connection, lend.Lease));
        Assert.Equal(CloseReason.Stopping, ExpectTold<ConnectionCommands.Close>(connection).Reason);
        Tell(connection, new ConnectionEvents.Closed(connection, CloseReason.Stopping, true, PoolDriver.Backend(connection)),
            thenDie: true);
        stopping.ExpectMsg<PoolStopped>();
        ExpectTerminated(Pool);
    }

    [Fact]
    public void A_pool_that_dies_tells_everybody_who_waits_and_its_budget()
    {
        StartPool("size = 1, overflow = 0");
        var (holder, waiting) = (CreateTestProbe(), CreateTestProbe());
        Acquire(holder);
        ExpectLent(ExpectOpened(), holder);
        Acquire(waiting);
        Assert.Equal(1, Status().Waiting);
        Sys.Stop(Pool);
        ExpectRefused<BrokerStopping>(waiting);
        Stage.ExpectMsg<BudgetCommands.LeaveBudget>();
    }

    [Fact]
    public void Reads_are_not_spread_over_connections_that_are_lent()
    {
        StartPool("size = 2, overflow = 0");
        var (errands, borrower) = (CreateTestProbe(), CreateTestProbe());
        Pool.Tell(Errand("select 1"), errands.Ref);
        var connection = ExpectOpened();
        var trip = ExpectTold<ConnectionCommands.RunTrip>(connection).Trip;
        Acquire(borrower);
        ExpectLent(ExpectOpened(), borrower);
        // The text is known by its first trip, and shares the later ones.
        Pool.Tell(new ConnectionEvents.TripEnded(connection, Report(trip)));
        Pool.Tell(Errand("select 1"), errands.Ref);
        trip = ExpectTold<ConnectionCommands.RunTrip>(connection).Trip;
        foreach (var next in new[] { 2, 4, 8 })
        {
            for (var i = 0; i < next; i++)
            {
                Pool.Tell(Errand("select 1"), errands.Ref);
            }
            Assert.Equal(next, Status().WaitingErrands);
            Tell(connection, new ConnectionEvents.TripEnded(connection, Report(trip)));
            trip = ExpectTold<ConnectionCommands.RunTrip>(connection).Trip;
            Assert.Equal(next, trip.Members.Length);
        }
    }

    [Fact]
    public void A_lease_is_not_passed_over_by_errands_that_came_after_it()
    {
        StartPool("size = 1, overflow = 0");
        var (errands, borrower) = (CreateTestProbe(), CreateTestProbe());
        Pool.Tell(Errand("select 1"), errands.Ref);
        var connection = ExpectOpened();
        var trip = ExpectTold<ConnectionCommands.RunTrip>(connection).Trip;
        Pool.Tell(Errand("select 2"), errands.Ref);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, Status().WaitingErrands);
        Acquire(borrower);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Pool.Tell(Errand("select 3"), errands.Ref);

        Tell(connection, new ConnectionEvents.TripEnded(connection, Report(trip)));
        trip = ExpectTold<ConnectionCommands.RunTrip>(connection).Trip;
        Pool.Tell(Errand("select 4"), errands.Ref);
        Tell(connection, new ConnectionEvents.TripEnded(connection, Report(trip)));

        // With the only connection lent, a reserve is opened for the errands; which of the two is heard first is open.
        var told = Stage.FishForMessage<Told>(told => told.Connection == connection);
        Assert.Equal(borrower.Ref, Assert.IsType<ConnectionCommands.Lend>(told.Command).Borrower);
    }

    [Fact]
    public void A_connection_closed_for_a_breach_is_counted_as_one()
    {
        using var recorded = Record();
        StartPool();
        Acquire(CreateTestProbe());
        var connection = ExpectOpened();
        ExpectTold<ConnectionCommands.Lend>(connection);
        Tell(connection, new ConnectionEvents.Closed(connection, CloseReason.Breach, true, PoolDriver.Backend(connection)));
        AwaitAssert(() => Assert.Equal(1, recorded.Of("broker.packing.breaches").Sum(one => one.Value)));
    }

    [Fact]
    public void A_wait_for_a_connection_longer_than_slow_acquire_is_logged_with_who_waited()
    {
        StartPool("size = 1, overflow = 0", log: "slow-acquire = 1s");
        var (first, second) = (CreateTestProbe(), CreateTestProbe());
        Acquire(first);
        Acquire(second);
        var connection = ExpectOpened();
        var lend = ExpectLent(connection, first);
        Assert.Equal(1, Status().Waiting);
        Time.Advance(TimeSpan.FromSeconds(2));
        EventFilter.Warning(contains: "waited for 00:00:02 by Orders.Load (orders.cs:17)").ExpectOne(
            () => Tell(connection, new ConnectionEvents.Returned(connection, lend.Lease)));
    }

    [Fact]
    public void A_slow_statement_is_logged_by_its_fingerprint_and_by_its_text_only_where_the_settings_say_so()
    {
        foreach (var (shown, hidden, setting) in new[] { ("for 1 statements", "secret", "off"), ("'secret'", "#", "on") })
        {
            StartPool(log: $"slow-statement = 1s, statements = {setting}");
            Pool.Tell(Errand("select 'secret'"), CreateTestProbe());
            var connection = ExpectOpened();
            var trip = ExpectTold<ConnectionCommands.RunTrip>(connection).Trip;
            EventFilter.Custom(e => e is Akka.Event.Warning
                && $"{e.Message}".Contains(shown, StringComparison.Ordinal)
                && !$"{e.Message}".Contains(hidden, StringComparison.Ordinal))
                .ExpectOne(() =>
                    Tell(connection, new ConnectionEvents.TripEnded(connection, Report(trip) with { Elapsed = TimeSpan.FromSeconds(2) })));
        }
    }

    [Fact]
    public void Who_asks_whether_a_pool_can_connect_that_has_connected_already_is_told_so()
    {
        StartPool("size = 1, overflow = 0");
        var holder = CreateTestProbe();
        Acquire(holder);
        ExpectLent(ExpectOpened(), holder);
        Pool.Tell(PoolCommands.OpenFirst.Instance, TestActor);
        ExpectMsg<FirstOpened>();
    }

    [Fact]
    public void A_pool_that_ends_leaves_no_word_to_itself_as_a_dead_letter()
    {
        StartPool("size = 1, overflow = 0");
        var (holder, letters) = (CreateTestProbe(), CreateTestProbe());
        Sys.EventStream.Subscribe(letters.Ref, typeof(Akka.Event.DeadLetter));
        Acquire(holder);
        var connection = ExpectOpened();
        ExpectLent(connection, holder);
        Pool.Tell(new PoolCommands.StopPool(Drain: true), TestActor);
        Watch(Pool);
        Tell(connection, new ConnectionEvents.Closed(connection, CloseReason.Stopping, Clean: true, PoolDriver.Backend(connection)),
            thenDie: true);
        ExpectMsg<PoolStopped>();
        ExpectTerminated(Pool);
        Pool.Tell("the last word");
        Assert.Equal("the last word", letters.ExpectMsg<Akka.Event.DeadLetter>().Message);
    }

    [Fact]
    public void What_nobody_knows_shows_as_unhandled()
    {
        StartPool();
        Sys.EventStream.Subscribe(TestActor, typeof(Akka.Event.UnhandledMessage));
        Pool.Tell("who are you?");
        Assert.Equal("who are you?", ExpectMsg<Akka.Event.UnhandledMessage>().Message);
    }
}
