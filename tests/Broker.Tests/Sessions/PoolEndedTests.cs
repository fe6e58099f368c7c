using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Leases;
using Broker.Sessions;
using Broker.Settlement;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>
/// A pool that is gone for good while a conversation waits for it, or before it asks: nobody waits for an answer that cannot come.
/// </summary>
public sealed class PoolEndedTests : LentStage
{
    [Fact]
    public async Task A_command_that_waits_for_a_connection_is_refused_and_so_is_each_that_comes_later()
    {
        var handle = await BeginAsync();
        handle.Send("select 1");
        await Lender.ExpectMsgAsync<AcquireConnection>();

        End(handle);

        await handle.RefusalAsync<BrokerStopping>();
        await handle.RefusedAsync<BrokerStopping>("select 2");
        await handle.RefusedAsync<BrokerStopping>(new Commit([Insert(1)]));
        await handle.RollbackAsync();
        await handle.LeaveAsync();
    }

    [Fact]
    public async Task A_commit_that_it_had_not_begun_took_no_effect()
    {
        var handle = await BeginAsync();
        handle.Send(new Commit([Insert(1)]));
        await Lender.ExpectMsgAsync<RunErrand>();

        End(handle);

        await handle.RefusalAsync<BrokerStopping>();
        Assert.Null(handle.Answer.Failed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_commit_in_doubt_is_told_as_unknown_whether_the_pool_ends_while_it_settles_or_before(bool whileItSettles)
    {
        await using var proxy = CuttingProxy.For(Database, Cut.AfterCommit);
        var handle = await BeginAsync();
        handle.Send("insert into effects values (1, 'a')");
        var lent = await LendAsync(handle, proxy.ConnectionString);
        var pid = lent.Wrapper.ProcessID;
        await handle.HearAsync<Executed>();
        proxy.Arm();
        if (!whileItSettles)
        {
            End(handle);
        }
        handle.Send(new Commit([]));
        await lent.Owner.ExpectMsgAsync<ReturnConnection>();
        handle.Actor.Tell(new LeaseOver(lent.Lease), lent.Owner.Ref);
        if (whileItSettles)
        {
            await Lender.FishForMessageAsync(static message => message is SettleCommit);
            End(handle);
        }

        var unknown = await handle.RefusalAsync<CommitUnknown>();

        Assert.Equal(pid, unknown.BackendPid);
        Assert.Equal("committed", await Sql.ScalarAsync($"select pg_xact_status('{unknown.TransactionId}'::xid8)"));
        Assert.IsType<CommitUnknown>((await handle.RefusedAsync<ConversationFailed>("select 1")).Cause);
        await lent.Wrapper.DisposeAsync();
    }

    [Fact]
    public async Task The_end_of_another_pool_is_nothing_to_it()
    {
        var handle = await BeginAsync();
        handle.Send("select 1");
        await Lender.ExpectMsgAsync<AcquireConnection>();
        handle.Actor.Tell(new SessionRegistry.PoolGone(CreateTestProbe().Ref));

        var lent = await GiveAsync(handle);

        await handle.HearAsync<Executed>();
        await lent.Wrapper.DisposeAsync();
    }

    // As the registry does that watches the pool.
    private void End(Handle handle) => handle.Actor.Tell(new SessionRegistry.PoolGone(Lender.Ref));
}
