using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>
/// Cursors that were read to their end, commits and copies that wait, and commands that were sent before their handle learned of a move.
/// </summary>
public sealed class SubtleTests : SessionStage
{
    [Fact]
    public async Task A_cursor_that_was_read_to_its_end_is_closed_on_the_server_and_its_name_is_free()
    {
        Start();
        var handle = await OpenAsync();
        for (var i = 0; i < 3; i++)
        {
            Assert.True((await handle.RunAsync<CursorRows>(new OpenCursor(new(1), new("select 1"), 5))).Ended);
        }
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(1), []));
        await handle.RunAsync<CursorRows>(new OpenCursor(new(2), new("select 1 union all select 2"), 2));
        Assert.True((await handle.RunAsync<CursorRows>(new FetchCursor(new(2), 2))).Ended);
        await handle.RunAsync<ScopeRolledBack>(new RollbackScope(new(1)));

        Assert.Equal(0L, await handle.AskAsync("select count(*) from pg_cursors where name like 'broker%'"));
        Assert.True((await handle.RunAsync<CursorRows>(new OpenCursor(new(3), new("select 1"), 5))).Ended);
        await handle.CommitAsync();
    }

    [Fact]
    public async Task A_copy_that_waits_for_a_lock_is_cancelled()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("select 1");
        await using var holder = await Settlement.Sql.OpenAsync(Database);
        await holder.RunAsync("begin");
        await holder.RunAsync("lock table effects");
        var sequence = handle.Send(
            new Flush([new CopyStep("", "copy effects (id) from stdin (format binary)", ["integer"], [new Parameter<int[]>([1])], 1)]));
        await Sql.UntilAsync("count(*) = 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");

        handle.Actor.Tell(new CancelInSession(handle.Session, handle.Id, sequence), handle.Probe.Ref);

        await handle.RefusalAsync<Cancelled>();
        await handle.RollbackAsync();
        await holder.RunAsync("rollback");
        await handle.CommitAsync(Insert(2));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_commit_that_waits_in_the_pools_line_is_cancelled_there()
    {
        Start();
        await Broker.SuspendAsync("orders");
        var handle = await OpenAsync();
        var sequence = handle.Send(new Commit([Insert(1)]));
        handle.Actor.Tell(new CancelInSession(handle.Session, handle.Id, sequence), handle.Probe.Ref);

        await handle.RefusalAsync<Cancelled>();

        Assert.Null(handle.Answer.Failed);
        handle.Send(new Commit([Insert(2)]));
        handle.Actor.Tell(new LeaveSession(handle.Session, handle.Id), handle.Probe.Ref);
        await handle.RefusalAsync<Cancelled>();
        await handle.Probe.ExpectMsgAsync<SessionLeft>();
        await Broker.ResumeAsync("orders");
        await UntilQuietAsync();
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task A_write_that_was_sent_before_its_handle_learned_of_a_rollback_is_refused()
    {
        Start();
        var owner = await OpenAsync(new() { CommitRight = CommitRight.AnyHandle });
        var guest = await JoinAsync(owner);
        await owner.RunAsync("insert into effects values (1, 'a')");
        await owner.RollbackAsync();
        guest.Send("select 1");
        owner.Send("select pg_sleep(0.5)");
        guest.Send("insert into effects values (2, 'b')");
        await guest.HearAsync<Executed>();
        // Sent with the epoch that the answer told, while the insert still waits.
        guest.Send("select 2");

        await guest.RefusalAsync<ConversationMoved>();
        await guest.HearAsync<Executed>();
    }

    [Fact]
    public async Task A_pool_whose_keys_come_from_conversations_prunes_its_ledger_too()
    {
        Start(more: "broker.errands.ledger { table = keys_seen, keep = 1h }");
        var handle = await OpenAsync();
        await handle.RunAsync("select 1");
        await handle.RollbackAsync();
        await Sql.RunAsync("insert into keys_seen (key, verdict, made) values ('old', 'done', now() - interval '2 hours')");

        await handle.CommitAsync(Insert(1));

        await Sql.UntilAsync("count(*) = 1 from keys_seen");
    }
}
