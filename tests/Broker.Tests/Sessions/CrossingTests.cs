using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Leases;
using Broker.Tests.Pools.Server;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>What crosses on its way: the end of one lease and the begin of the next, and what the server loses while nobody looks.</summary>
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
        proxy.Freeze();
        handle.Send(Rollback.Instance);
        handle.Send("insert into effects values (1, 'a')");
        // While the ROLLBACK of the first hangs it is called back, and the next is lent.
        await first.Wrapper.UntilBusyAsync();
        handle.Actor.Tell(new Refused(new LeaseRevoked(new("orders", "app"), first.Lease, "the test wants it")), first.Owner.Ref);
        await handle.HearAsync<RolledBack>();
        var second = await LendAsync(handle);
        await handle.HearAsync<Executed>();

        // As its owner does that calls it back.
        first.Wrapper.Dispose();
        await handle.RunAsync("insert into effects values (2, 'b')");
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        handle.Send("select count(*) from effects");
        Assert.Equal(2L, (await handle.HearAsync<Executed>()).Rows.Columns[0].GetValue(0));

        Assert.False(second.Owner.HasMessages);
        await handle.CommitAsync();
        await second.Owner.ExpectMsgAsync<ReturnConnection>(back => Assert.Equal(second.Lease, back.Lease));
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task The_end_of_a_lease_that_comes_late_is_not_that_of_the_next()
    {
        var handle = await BeginAsync();
        handle.Send("select 1");
        var first = await LendAsync(handle);
        await handle.HearAsync<Executed>();
        handle.Send(new Commit([]));
        await handle.HearAsync<Committed>();
        var back = await first.Owner.ExpectMsgAsync<ReturnConnection>();
        // It was called back before its return arrived: its owner answers both.
        handle.Actor.Tell(new Refused(new LeaseRevoked(new("orders", "app"), first.Lease, "the test wants it")), first.Owner.Ref);
        handle.Send("insert into effects values (1, 'a')");
        var second = await LendAsync(handle);
        await handle.HearAsync<Executed>();
        handle.Actor.Tell(new LeaseOver(back.Lease), first.Owner.Ref);

        await handle.RunAsync("insert into effects values (2, 'b')");

        Assert.Equal(0, await CountAsync());
        await handle.CommitAsync();
        Assert.Equal(2, await CountAsync());
        await second.Owner.ExpectMsgAsync<ReturnConnection>();
        await first.Wrapper.DisposeAsync();
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
        handle.Actor.Tell(new Refused(new LeaseRevoked(new("orders", "app"), first.Lease, "its borrower gave up")), first.Owner.Ref);
        await LendAsync(handle);
        await handle.HearAsync<Executed>();
        handle.Actor.Tell(new LeaseOver(first.Lease), first.Owner.Ref);
        await handle.CommitAsync();
        Assert.Equal(1, await CountAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_savepoint_that_is_missing_on_the_server_fails_the_transaction_and_rollback_still_works(long scope)
    {
        var handle = await BeginAsync();
        handle.Send(new OpenScope(new(1), []));
        var lent = await LendAsync(handle);
        await handle.HearAsync<ScopeOpened>();
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(2), []));
        await handle.RunAsync("insert into effects values (1, 'a')");
        // Behind the conversation's back, and with it the one that was opened inside.
        await lent.Wrapper.RunAsync("release savepoint broker_scope_0");

        var failure = await handle.RefusedAsync<StatementFailed>(new RollbackScope(new(scope)));

        Assert.Equal("3B001", failure.SqlState);
        Assert.IsType<StatementFailed>((await handle.RefusedAsync<ConversationFailed>(new Commit([]))).Cause);
        await handle.RollbackAsync();
        Assert.Null(handle.Answer.Failed);
        await lent.Owner.ExpectMsgAsync<ReturnConnection>();
        handle.Actor.Tell(new LeaseOver(lent.Lease), lent.Owner.Ref);
        handle.Send(new OpenScope(new(1), [Insert(2)]));
        await LendAsync(handle);
        await handle.HearAsync<ScopeOpened>();
        await handle.CommitAsync();
        Assert.Equal("2", await Sql.ScalarAsync("select string_agg(id::text, ',') from effects"));
        await lent.Wrapper.DisposeAsync();
    }
}

file static class Waiting
{
    internal static async Task UntilBusyAsync(this Npgsql.NpgsqlConnection connection)
    {
        while ((connection.FullState & (System.Data.ConnectionState.Executing | System.Data.ConnectionState.Fetching)) == 0)
        {
            await Task.Delay(1);
        }
    }
}
