using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Leases;
using Broker.Tests.Pools.Server;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>
/// What crosses on its way: the end of one lease and the begin of the next, and what the server loses while nobody looks.
/// </summary>
public sealed class CrossingTests : LentStage
{
    [Fact]
    public async Task The_end_of_a_rest_that_was_overtaken_does_not_return_the_next_connection()
    {
        await using var proxy = FreezingProxy.For(Database);
        var handle = await BeginAsync();
        handle.Send("select 1");
        var first = await LendAsync(handle, proxy.ConnectionString);
        await handle.HearAsync<Executed>();
        proxy.Hold();
        handle.Send(Rollback.Instance);
        // While its ROLLBACK is on its way the first is called back, and the next is lent.
        CallBack(handle, first);
        await handle.HearAsync<RolledBack>();
        handle.Send("insert into effects values (0, 'a')");
        var second = await LendAsync(handle);
        await handle.HearAsync<Executed>();

        proxy.Release();
        while (first.Wrapper.FullState != System.Data.ConnectionState.Open)
        {
            await Task.Yield();
        }
        // Its rest is over; behind so many commands the actor has heard of it.
        for (var i = 1; i < 20; i++)
        {
            await handle.RunAsync("insert into effects values ($1, 'b')", i);
        }

        Assert.False(second.Owner.HasMessages);
        await handle.CommitAsync();
        Assert.Equal(second.Lease, (await second.Owner.ExpectMsgAsync<ReturnConnection>()).Lease);
        Assert.Equal(20, await CountAsync());
        await EndAsync(first, second);
    }

    [Fact]
    public async Task The_end_of_a_lease_that_comes_late_is_not_that_of_the_next()
    {
        var handle = await BeginAsync();
        handle.Send("select 1");
        var first = await LendAsync(handle);
        await handle.HearAsync<Executed>();
        await handle.RunAsync<Committed>(new Commit([]));
        await first.Owner.ExpectMsgAsync<ReturnConnection>();
        // It was called back before its return arrived: its owner answers both.
        CallBack(handle, first);
        handle.Send("insert into effects values (1, 'a')");
        var second = await LendAsync(handle);
        await handle.HearAsync<Executed>();
        IsOver(handle, first);

        await handle.RunAsync("insert into effects values (2, 'b')");

        Assert.Equal(0, await CountAsync());
        await handle.CommitAsync();
        Assert.Equal(2, await CountAsync());
        Assert.Equal(second.Lease, (await second.Owner.ExpectMsgAsync<ReturnConnection>()).Lease);
        await EndAsync(first, second);
    }

    [Fact]
    public async Task A_connection_that_is_lent_when_its_request_was_withdrawn_is_not_used_for_the_next_command()
    {
        var handle = await BeginAsync();
        handle.Send("select 1");
        await Lender.ExpectMsgAsync<AcquireConnection>();
        handle.Actor.Tell(new CancelInSession(handle.Session, handle.Id, 1), handle.Probe.Ref);
        await handle.RefusalAsync<Cancelled>();
        await Lender.ExpectMsgAsync<WithdrawAcquire>();
        handle.Send("insert into effects values (1, 'a')");

        // It crossed the withdrawal, so the pool calls it back.
        var first = await GiveAsync(handle);

        await first.Owner.ExpectMsgAsync<ReturnConnection>();
        CallBack(handle, first);
        var second = await LendAsync(handle);
        await handle.HearAsync<Executed>();
        IsOver(handle, first);
        await handle.CommitAsync();
        Assert.Equal(1, await CountAsync());
        await EndAsync(first, second);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_savepoint_that_is_missing_on_the_server_fails_the_transaction_and_rollback_still_works(long scope)
    {
        var handle = await BeginAsync();
        handle.Send(new OpenScope(new(1), []));
        var first = await LendAsync(handle);
        await handle.HearAsync<ScopeOpened>();
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(2), []));
        await handle.RunAsync("insert into effects values (1, 'a')");
        // Behind the conversation's back, and with it the one that was opened inside.
        await first.Wrapper.RunAsync("release savepoint broker_scope_0");

        var failure = await handle.RefusedAsync<StatementFailed>(new RollbackScope(new(scope)));

        Assert.Equal("3B001", failure.SqlState);
        Assert.IsType<StatementFailed>((await handle.RefusedAsync<ConversationFailed>(new Commit([]))).Cause);
        handle.Send(Rollback.Instance);
        await first.Owner.ExpectMsgAsync<ReturnConnection>();
        IsOver(handle, first);
        await handle.HearAsync<RolledBack>();
        Assert.Null(handle.Answer.Failed);
        handle.Send(new OpenScope(new(1), [Insert(2)]));
        var second = await LendAsync(handle);
        await handle.HearAsync<ScopeOpened>();
        await handle.CommitAsync();
        Assert.Equal("2", await Sql.ScalarAsync("select string_agg(id::text, ',') from effects"));
        await EndAsync(first, second);
    }

    private static void CallBack(Handle handle, LentByTest lent) =>
        handle.Actor.Tell(new Refused(new LeaseRevoked(new("orders", "app"), lent.Lease, "the test wants it")), lent.Owner.Ref);

    private static void IsOver(Handle handle, LentByTest lent) => handle.Actor.Tell(new LeaseOver(lent.Lease), lent.Owner.Ref);

    private static async Task EndAsync(params LentByTest[] all)
    {
        foreach (var lent in all)
        {
            await lent.Wrapper.DisposeAsync();
        }
    }
}
