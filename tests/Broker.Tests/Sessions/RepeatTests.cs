using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>Commands that are sent again, out of order, or cancelled; and outcomes of commits that are asked for later.</summary>
public sealed class RepeatTests : SessionStage
{
    [Fact]
    public async Task A_command_sent_again_is_executed_once_and_answered_as_before()
    {
        Start();
        var handle = await OpenAsync();
        var first = await handle.RunAsync("insert into effects values (1, 'a') returning id");

        handle.Sequence--;
        handle.Send("insert into effects values (1, 'a') returning id");

        Assert.Same(first, await handle.HearAsync<Executed>());
        await handle.CommitAsync();
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_command_sent_again_while_it_runs_is_answered_that_it_runs()
    {
        Start();
        await Sql.RunAsync("begin; lock table effects");
        var handle = await OpenAsync();
        handle.Send("insert into effects values (1, 'a')");
        handle.Send("select 1");

        handle.Sequence -= 2;
        handle.Send("insert into effects values (1, 'a')");
        handle.Send("select 1");

        await handle.HearAsync<StillRunning>();
        await handle.HearAsync<StillRunning>();
        await Sql.RunAsync("rollback");
        await handle.HearAsync<Executed>();
        await handle.HearAsync<Executed>();
    }

    [Fact]
    public async Task A_gap_is_refused_and_nothing_behind_it_runs()
    {
        Start();
        var handle = await OpenAsync();
        handle.Sequence++;
        var refused = await handle.RefusedAsync<SequenceRefused>("insert into effects values (1, 'a')");

        Assert.Equal((1L, 2L), (refused.Expected, refused.Got));
        handle.Sequence = 0;
        await handle.RunAsync("select 1");
    }

    [Fact]
    public async Task Replies_that_were_acknowledged_or_passed_the_limit_are_not_kept_but_the_command_is_not_run_again()
    {
        Start(sessions: "replies-kept = 2");
        var handle = await OpenAsync();
        for (var i = 1; i <= 4; i++)
        {
            await handle.RunAsync("insert into effects values ($1, 'a')", i);
        }

        await RepeatAsync<ReplyNotKept>(handle, 1);
        await RepeatAsync<Executed>(handle, 3);
        handle.Acknowledged = 3;
        await RepeatAsync<ReplyNotKept>(handle, 3);
        await RepeatAsync<Executed>(handle, 4);
        await handle.CommitAsync();
        Assert.Equal(4, await CountAsync());
    }

    [Fact]
    public async Task A_large_reply_is_not_kept()
    {
        Start(sessions: "reply-bytes = 10KiB");
        var handle = await OpenAsync();
        await handle.RunAsync("select repeat('x', 20000)");

        await RepeatAsync<ReplyNotKept>(handle, 1);
    }

    [Fact]
    public async Task A_command_in_line_that_is_cancelled_never_runs()
    {
        Start();
        await Sql.RunAsync("begin; lock table effects");
        var handle = await OpenAsync();
        handle.Send("insert into effects values (1, 'a')");
        var second = handle.Send(new Execute(new("insert into effects values (2, 'b')")));

        handle.Actor.Tell(new CancelInSession(handle.Session, handle.Id, second), handle.Probe.Ref);

        await handle.RefusalAsync<Cancelled>();
        await Sql.RunAsync("rollback");
        await handle.HearAsync<Executed>();
        await handle.CommitAsync();
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_command_that_waits_for_a_connection_leaves_the_pools_line_when_it_is_cancelled()
    {
        Start(pool: "size = 1, overflow = 0");
        var busy = await OpenAsync();
        await busy.RunAsync("select 1");
        var handle = await OpenAsync();
        var waiting = handle.Send(new Execute(new("select 1")));
        await UntilAsync(status => status.Waiting == 1);

        handle.Actor.Tell(new CancelInSession(handle.Session, handle.Id, waiting), handle.Probe.Ref);

        await handle.RefusalAsync<Cancelled>();
        await UntilAsync(status => status.Waiting == 0);
        await busy.RollbackAsync();
        await handle.RunAsync("select 2");
    }

    [Fact]
    public async Task A_running_command_is_cancelled_on_the_server_and_the_next_is_not_hit()
    {
        Start();
        var handle = await OpenAsync();
        for (var i = 0; i < 10; i++)
        {
            var slow = handle.Send(new Execute(new("select pg_sleep(60)")));
            await UntilAsync(status => status.Lent == 1);
            handle.Actor.Tell(new CancelInSession(handle.Session, handle.Id, slow), handle.Probe.Ref);
            await handle.RefusalAsync<Cancelled>();
            await handle.RollbackAsync();
            await handle.RunAsync("select pg_sleep(0.001)");
            await handle.CommitAsync();
        }
    }

    [Fact]
    public async Task A_commit_that_was_sent_is_cancelled_by_nobody()
    {
        Start();
        var handle = await OpenAsync();
        await HeldAtCommitAsync();
        var commit = handle.Send(new Commit([Insert(1)]));
        await Sql.UntilAsync(
            "count(*) = 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query = 'COMMIT'");

        handle.Actor.Tell(new CancelInSession(handle.Session, handle.Id, commit), handle.Probe.Ref);
        Sys.Stop(handle.Life);
        await handle.Probe.ExpectNoMsgAsync(TimeSpan.FromMilliseconds(300));
        await Sql.RunAsync("select pg_advisory_unlock(7)");

        await handle.HearAsync<Committed>();
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task The_outcome_of_a_commit_is_told_while_it_runs_when_it_is_over_and_when_the_conversation_is_gone()
    {
        Start();
        var handle = await OpenAsync();
        await HeldAtCommitAsync();
        var commit = handle.Send(new Commit([Insert(1)]));
        Assert.IsType<StillRunning>(await OutcomeAsync(handle, commit));
        await Sql.RunAsync("select pg_advisory_unlock(7)");
        await handle.HearAsync<Committed>();
        Assert.IsType<Committed>(await OutcomeAsync(handle, commit));

        await handle.LeaveAsync();

        Assert.Empty(Assert.IsType<Committed>(await OutcomeAsync(handle, commit)).Results);
        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(await OutcomeAsync(handle, commit + 1)).Failure);
    }

    [Fact]
    public async Task What_meets_the_end_of_a_conversation_is_answered()
    {
        Start();
        for (var id = 1; id <= 20; id++)
        {
            var handle = await OpenAsync();
            await handle.CommitAsync(Insert(id));

            Supervisor.Tell(new LeaveSession(handle.Session, handle.Id), handle.Probe.Ref);
            var outcome = OutcomeAsync(handle, 1);
            Supervisor.Tell(new JoinSession(handle.Session, HandleId.Draw()), handle.Probe.Ref);
            Supervisor.Tell(new OpenSession(handle.Session, handle.Id, "nowhere", null, ConversationTerms.Default), handle.Probe.Ref);

            Assert.IsType<Committed>(await outcome);
            await handle.Probe.ExpectMsgAsync<SessionLeft>();
            Assert.All(await handle.Probe.ReceiveNAsync(2).ToListAsync(), static answer => Assert.IsType<Refused>(answer));
        }
    }

    [Fact]
    public async Task An_outcome_that_was_acknowledged_or_kept_for_long_enough_is_forgotten()
    {
        Start(sessions: "outcome-keep = 4s");
        var seen = await OpenAsync();
        await seen.CommitAsync(Insert(1));
        seen.Acknowledged = 1;
        await seen.LeaveAsync();
        await UntilEndedAsync(seen);
        Assert.IsType<CommandRefused>(await OutcomeAsync(seen, 1));
        var unseen = await OpenAsync();
        await unseen.CommitAsync(Insert(2));
        await unseen.LeaveAsync();
        await UntilEndedAsync(unseen);
        Assert.IsType<Committed>(await OutcomeAsync(unseen, 1));

        await AwaitConditionAsync(async () => await OutcomeAsync(unseen, 1) is CommandRefused, TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData("")]
    [InlineData("broker.errands.ledger.table = public.ledger")]
    public async Task Outcomes_that_nobody_acknowledges_are_kept_up_to_a_number_and_the_ledger_knows_the_rest(string ledger)
    {
        Start(sessions: "replies-kept = 1, outcomes-kept = 2", more: ledger);
        var handle = await OpenAsync();
        for (var i = 1; i <= 4; i++)
        {
            await handle.CommitAsync(Insert(i));
        }

        await RepeatAsync<Committed>(handle, 3, new Commit([Insert(3)]));
        await RepeatAsync<Committed>(handle, 4, new Commit([Insert(4)]));
        await RepeatAsync<CommandRefused>(handle, 2, new Commit([Insert(2)]));
        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(handle.Answer.Reply).Failure);
        var asked = await OutcomeAsync(new GetCommitOutcome(handle.Session, handle.Id, 2) { Database = "orders" });
        Assert.True(ledger.Length > 0 ? asked is Committed { Settled: true } : asked is CommandRefused { Failure: CommitUnknown },
            $"{asked}");
        handle.Acknowledged = 4;
        await handle.CommitAsync(Insert(5));
        Assert.Equal(5, await CountAsync());
    }

    [Fact]
    public async Task A_conversation_that_ends_is_not_opened_again_by_what_opened_it()
    {
        Start();
        var handle = await OpenAsync();
        await HeldAtCommitAsync();
        handle.Send(new Commit([Insert(1)]));
        await Sql.UntilAsync(
            "count(*) = 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query = 'COMMIT'");
        Sys.Stop(handle.Life);
        await AwaitConditionAsync(async () =>
        {
            handle.Actor.Tell(new JoinSession(handle.Session, HandleId.Draw()), handle.Probe.Ref);
            return await handle.Probe.ReceiveOneAsync() is Refused;
        }, TimeSpan.FromSeconds(20));

        Supervisor.Tell(new OpenSession(handle.Session, handle.Id, "orders", null, ConversationTerms.Default), handle.Probe.Ref);

        Assert.IsType<ConversationGone>((await handle.Probe.ExpectMsgAsync<Refused>()).Failure);
        await Sql.RunAsync("select pg_advisory_unlock(7)");
        await handle.HearAsync<Committed>();
    }

    private Task<ISessionReply> OutcomeAsync(Handle handle, long sequence) =>
        OutcomeAsync(new GetCommitOutcome(handle.Session, handle.Id, sequence));

    private static Task RepeatAsync<T>(Handle handle, long sequence) where T : ISessionReply =>
        RepeatAsync<T>(handle, sequence, new Execute(new("select 'never run'")));

    private static async Task RepeatAsync<T>(Handle handle, long sequence, ISessionCommand command) where T : ISessionReply
    {
        var last = handle.Sequence;
        handle.Sequence = sequence - 1;
        await handle.RunAsync<T>(command);
        handle.Sequence = last;
    }
}
