using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>Cursors, and transactions and cursors that lie idle.</summary>
public sealed class IdleTests : SessionStage
{
    [Fact]
    public async Task Rows_of_a_cursor_come_in_chunks_with_other_commands_between()
    {
        Start();
        var handle = await OpenAsync();

        var first = await handle.RunAsync<CursorRows>(new OpenCursor(new(1), Statement.Of("select i from generate_series(1, $1) i", 5), 2));
        await handle.RunAsync("insert into effects values (1, 'between')");
        var second = await handle.RunAsync<CursorRows>(new FetchCursor(new(1), 2));
        var last = await handle.RunAsync<CursorRows>(new FetchCursor(new(1), 2));

        Assert.Equal((2, false, 2, false, 1, true),
            (first.Rows.Count, first.Ended, second.Rows.Count, second.Ended, last.Rows.Count, last.Ended));
        Assert.Equal(5, last.Rows.Columns[0].GetValue(0));
        await handle.RefusedAsync<CursorRefused>(new FetchCursor(new(1), 2));
        await handle.RunAsync<CursorClosed>(new CloseCursor(new(1)));
        await handle.CommitAsync();
    }

    [Fact]
    public async Task A_cursor_ends_with_its_scope_and_with_its_transaction()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync<CursorRows>(Open(1));
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(1), []));
        await handle.RunAsync<CursorRows>(Open(2));
        await handle.RunAsync<ScopeRolledBack>(new RollbackScope(new(1)));

        await handle.RefusedAsync<CursorRefused>(new FetchCursor(new(2), 1));
        await handle.RunAsync<CursorRows>(new FetchCursor(new(1), 1));
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(2), []));
        await handle.RunAsync<CursorRows>(Open(3));
        await handle.RunAsync<ScopeReleased>(new ReleaseScope(new(2), []));
        await handle.RunAsync<CursorRows>(new FetchCursor(new(3), 1));
        await handle.CommitAsync();
        await handle.RefusedAsync<CursorRefused>(new FetchCursor(new(1), 1));
    }

    [Fact]
    public async Task Only_what_reads_may_be_a_cursor()
    {
        Start();
        var handle = await OpenAsync();

        await handle.RefusedAsync<StatementRefused>(new OpenCursor(new(1), new("delete from effects returning id"), 1));
        await handle.RefusedAsync<StatementRefused>(new OpenCursor(new(1),
            new("with a as (delete from effects returning id) select * from a"), 1));
        await handle.RunAsync<CursorRows>(new OpenCursor(new(1), new("with a as (select 1) select * from a"), 5));
    }

    [Fact]
    public async Task A_cursor_that_nobody_reads_is_closed_and_the_transaction_goes_on()
    {
        Start(sessions: "cursor-idle-limit = 50ms");
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");
        await handle.RunAsync<CursorRows>(Open(1));

        await AwaitConditionAsync(
            async () => (long)(await handle.AskAsync("select count(*) from pg_cursors where name like 'broker%'"))! == 0,
                TimeSpan.FromSeconds(20));

        await handle.RefusedAsync<CursorRefused>(new FetchCursor(new(1), 1));
        await handle.CommitAsync();
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_transaction_that_lies_idle_is_rolled_back_and_its_handles_are_told_why_until_they_roll_back()
    {
        Start();
        var handle = await OpenAsync(new() { IdleLimit = TimeSpan.FromMilliseconds(50) });
        await handle.RunAsync("insert into effects values (1, 'a')");

        await UntilQuietAsync();

        Assert.IsType<TransactionTimedOut>((await handle.RefusedAsync<ConversationFailed>(new Commit([]))).Cause);
        await handle.RollbackAsync();
        Assert.Equal(0, await CountAsync());
        await handle.CommitAsync(Insert(2));
    }

    [Fact]
    public async Task So_is_one_that_failed_inside_a_scope()
    {
        Start();
        // Not between the two commands, however long the test takes from one to the other.
        var handle = await OpenAsync(new() { IdleLimit = TimeSpan.FromSeconds(1) });
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(1), []));
        await handle.RefusedAsync<StatementFailed>("select 1 / 0");

        await UntilQuietAsync();

        await handle.RefusedAsync<ConversationFailed>(new RollbackScope(new(1)));
        await handle.RollbackAsync();
    }

    [Fact]
    public async Task A_transaction_in_which_something_runs_is_not_idle()
    {
        Start();
        // More than the test takes from one command to the next, and less than the second one runs.
        var handle = await OpenAsync(new() { IdleLimit = TimeSpan.FromSeconds(1) });
        await handle.RunAsync("insert into effects values (1, 'a')");
        await handle.RunAsync("select pg_sleep(2)");

        await handle.CommitAsync();

        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_broker_that_stops_lets_a_transaction_end_and_begins_no_other()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");
        var last = await OpenAsync();
        await last.RunAsync("select 1");
        var stopped = CoordinatedShutdown.Get(Sys).Run(CoordinatedShutdown.ClrExitReason.Instance);

        await AwaitConditionAsync(async () => await IsStoppingAsync(), TimeSpan.FromSeconds(20));
        await handle.CommitAsync(Insert(2));
        await handle.RefusedAsync<BrokerStopping>("select 1");
        await last.RollbackAsync();

        await stopped;
        Assert.Equal(2, await CountAsync());
    }

    private async Task<bool> IsStoppingAsync()
    {
        var asker = CreateTestProbe();
        Supervisor.Tell(new OpenSession(Client.Protocol.SessionId.Draw(), Client.Protocol.HandleId.Draw(), "orders", null,
            ConversationTerms.Default), asker.Ref);
        return await asker.ExpectMsgAsync<IBrokerReply>() is Refused { Failure: BrokerStopping };
    }

    private static OpenCursor Open(long cursor) => new(new(cursor), new("select i from generate_series(1, 100) i"), 1);
}
