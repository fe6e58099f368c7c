using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>Connections that are lost, before, at and after COMMIT; savepoints that the server has lost; what the ledger tells.</summary>
public sealed class LossTests : SessionStage
{
    private const string Keys = "broker.errands.ledger.table = keys_seen\n" + Unprepared;
    // Terms that keep a commit from travelling as an errand.
    private static readonly ConversationTerms Alone = new() { Isolation = Isolation.RepeatableRead };

    [Fact]
    public async Task A_connection_lost_in_a_transaction_has_every_use_refused_until_the_rollback_and_no_new_transaction_begins()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");
        await KillAsync(await handle.AskAsync("select pg_backend_pid()"));

        await handle.RefusedAsync<ConnectionLost>("select 1");

        Assert.IsType<ConnectionLost>((await handle.RefusedAsync<ConversationFailed>("insert into effects values (2, 'b')")).Cause);
        Assert.IsType<ConnectionLost>((await handle.RefusedAsync<ConversationFailed>(new Commit([Insert(2)]))).Cause);
        await handle.RollbackAsync();
        await handle.CommitAsync(Insert(3));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_rollback_whose_connection_is_lost_still_ends_the_transaction()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");
        await KillAsync(await handle.AskAsync("select pg_backend_pid()"));

        await handle.RollbackAsync();

        await handle.CommitAsync(Insert(2));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_statement_that_kills_its_process_is_answered_and_the_others_that_wait_too()
    {
        Start();
        var handle = await OpenAsync();
        handle.Send("select pg_terminate_backend(pg_backend_pid())");
        handle.Send("select 1");

        await handle.RefusalAsync<ConnectionLost>();
        await handle.RefusalAsync<ConversationFailed>();
        await UntilQuietAsync();
    }

    [Fact]
    public async Task A_savepoint_that_the_server_has_lost_leaves_the_conversation_able_to_roll_back()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(1), []));
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(2), []));
        // Nobody but the server can take it away; here it is another name.
        await handle.RefusedAsync<StatementFailed>("do 'begin rollback; end'");

        await handle.RunAsync<ScopeRolledBack>(new RollbackScope(new(1)));
        await handle.RefusedAsync<ScopeRefused>(new ReleaseScope(new(2), []));
        await handle.RunAsync("insert into effects values (1, 'a')");
        await handle.RollbackAsync();
        await handle.CommitAsync(Insert(2));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_lease_that_is_called_back_fails_the_transaction_with_that_as_its_cause()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");

        await Broker.InvalidateAsync("orders", hard: true);
        await UntilQuietAsync();

        Assert.IsType<LeaseRevoked>((await handle.RefusedAsync<ConversationFailed>("select 1")).Cause);
        await handle.RollbackAsync();
        await handle.CommitAsync(Insert(2));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_lease_that_is_called_back_while_a_statement_runs_ends_the_statement()
    {
        Start();
        var handle = await OpenAsync();
        handle.Send("select pg_sleep(60)");
        await Sql.UntilAsync("count(*) = 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'");

        await Broker.InvalidateAsync("orders", hard: true);

        await handle.RefusalAsync<LeaseRevoked>();
        await handle.RollbackAsync();
        await handle.CommitAsync(Insert(2));
    }

    [Fact]
    public async Task A_pool_that_fails_fails_the_transactions_on_its_connections_and_serves_new_ones()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");
        (await Broker.Sender.Pools.FindAsync("orders", null)).Supervisor.Tell(Kill.Instance);

        while (true)
        {
            // Until the pool is gone the transaction goes on.
            handle.Send("select 1");
            if ((await handle.Probe.ExpectMsgAsync<SessionAnswer>()).Reply is CommandRefused { Failure: ConversationFailed })
            {
                break;
            }
        }
        await handle.RollbackAsync();
        await handle.CommitAsync(Insert(2));
        Assert.Equal(1, await CountAsync());
    }

    [Theory]
    [InlineData(nameof(Cut.BeforeCommit), false)]
    [InlineData(nameof(Cut.AfterCommit), true)]
    public async Task A_commit_cut_on_either_side_of_its_commit_is_settled_as_it_is(string where, bool committed)
    {
        await using var proxy = CuttingProxy.For(Database, Enum.Parse<Cut>(where));
        await StartBehindAsync(proxy);
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");
        proxy.Arm();

        handle.Send(new Commit([Insert(2)]));

        await SettledAsync(handle, committed, rows: 2);
    }

    [Theory]
    [InlineData(nameof(Cut.BeforeCommit), false)]
    [InlineData(nameof(Cut.AfterCommit), true)]
    public async Task So_is_one_that_brought_all_of_its_work_along(string where, bool committed)
    {
        // Its COMMIT is sent with all else: it is cut when the server has told the transaction's id.
        await using var proxy = CuttingProxy.ForOneTrip(Database, Enum.Parse<Cut>(where));
        var (handle, _) = await WarmAsync(proxy, Unprepared);

        handle.Send(new Commit([Insert(1), Insert(2)]));

        await SettledAsync(handle, committed, rows: 2);
    }

    [Fact]
    public async Task One_that_is_cut_before_the_id_was_told_has_an_unknown_outcome_that_names_what_is_known()
    {
        await using var proxy = CuttingProxy.ForOneTrip(Database, Cut.BeforeCommitUntold);
        var (handle, pid) = await WarmAsync(proxy, Unprepared);

        handle.Send(new Commit([Insert(1), Insert(2)]));

        await UnknownAsync(handle, pid);
    }

    [Fact]
    public async Task With_a_ledger_even_that_is_settled()
    {
        await using var proxy = CuttingProxy.ForOneTrip(Database, Cut.BeforeCommitUntold);
        var (handle, _) = await WarmAsync(proxy, Keys);

        await handle.RefusedAsync<KeySpent>(new Commit([Insert(1), Insert(2)]));

        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task A_settlement_whose_server_cannot_be_reached_ends_within_its_limit_with_what_is_known()
    {
        await using var proxy = CuttingProxy.For(Database, Cut.AfterCommit, static proxy =>
        {
            proxy.RefuseNew();
            return Task.CompletedTask;
        });
        var (handle, pid) = await WarmAsync(proxy, $"{Unprepared}\nbroker.errands.settle-timeout = 300ms");

        var unknown = await handle.RefusedAsync<CommitUnknown>(new Commit([Insert(1)]));

        Assert.Equal(pid, unknown.BackendPid);
        Assert.Equal("committed", await Sql.ScalarAsync($"select pg_xact_status('{unknown.TransactionId}'::xid8)"));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_pool_that_fails_while_it_settles_ends_the_settlement_with_what_is_known()
    {
        var settling = Task.CompletedTask;
        await using var proxy = CuttingProxy.For(Database, Cut.AfterCommit, proxy =>
        {
            settling = proxy.IgnoreNew();
            return Task.CompletedTask;
        });
        var (handle, pid) = await WarmAsync(proxy, Unprepared);
        handle.Send(new Commit([Insert(1)]));
        await proxy.CutAsync();
        await settling;

        (await Broker.Sender.Pools.FindAsync("orders", null)).Supervisor.Tell(Kill.Instance);

        var unknown = await handle.RefusalAsync<CommitUnknown>();
        Assert.Equal((pid, "its pool ended before it was settled"), (unknown.BackendPid, unknown.Cause));
        Assert.Equal("committed", await Sql.ScalarAsync($"select pg_xact_status('{unknown.TransactionId}'::xid8)"));
    }

    [Fact]
    public async Task A_connection_that_dies_once_the_commit_was_answered_changes_nothing()
    {
        Start(pool: "size = 1, overflow = 0");
        var handle = await OpenAsync();
        var pid = await handle.AskAsync("select pg_backend_pid()");
        await handle.CommitAsync(Insert(1));

        await KillAsync(pid);

        Assert.IsType<Committed>(await OutcomeAsync(new(handle.Session, handle.Id, 2)));
        Assert.Equal(1, await CountAsync());
        handle.Sequence--;
        Assert.IsType<Committed>(await handle.RunAsync<Committed>(new Commit([Insert(1)])));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_deferred_constraint_that_fails_at_commit_leaves_nothing_and_is_told_until_the_rollback()
    {
        Start();
        await Sql.RunAsync("alter table effects add constraint once unique (note) deferrable initially deferred");
        var handle = await OpenAsync(Alone);

        var failed = await handle.RefusedAsync<StatementFailed>(new Commit([Insert(1), Insert(2)]));

        Assert.Equal("once", failed.Constraint);
        await handle.RefusedAsync<ConversationFailed>("select 1");
        await UntilQuietAsync();
        await handle.RollbackAsync();
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task With_a_ledger_a_commit_leaves_its_key_and_another_broker_can_tell_what_became_of_it()
    {
        Start(more: Keys);
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");
        await handle.CommitAsync();
        await handle.CommitAsync(Insert(2));
        Assert.Equal(2L, await Sql.ScalarAsync($"select count(*) from keys_seen where key like '{handle.Session}/{handle.Id}/%'"));

        // Asked as if it were another conversation's, nobody remembers it but the ledger.
        await handle.LeaveAsync();
        var outcome = await OutcomeAsync(new(SessionId.Draw(), handle.Id,
            2) { Database = "orders", IdempotencyKey = $"{handle.Session}/{handle.Id}/2" });
        Assert.True(Assert.IsType<Committed>(outcome).Settled);
        var never = await OutcomeAsync(new(SessionId.Draw(), handle.Id, 2) { Database = "orders" });
        Assert.IsType<KeySpent>(Assert.IsType<CommandRefused>(never).Failure);
    }

    [Fact]
    public async Task Whoever_waits_for_the_ledger_is_told_when_those_that_ask_it_are_stopped()
    {
        Start(more: Keys);
        await (await OpenAsync()).CommitAsync(Insert(1));
        await using var other = await Settlement.Sql.OpenAsync(Database);
        await other.RunAsync("begin; lock table keys_seen");
        var (asker, sessions) = (CreateTestProbe(), await Sys.ActorSelection("/user/broker/sessions").ResolveOne(TimeSpan.FromSeconds(20)));
        sessions.Tell(new GetCommitOutcome(SessionId.Draw(), HandleId.Draw(), 1) { Database = "orders" }, asker.Ref);
        await Sql.UntilAsync("count(*) > 0 from pg_locks where relation = 'keys_seen'::regclass and not granted");

        Sys.Stop(sessions);

        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>((await asker.ExpectMsgAsync<CommitOutcome>()).Reply).Failure);
        await other.RunAsync("rollback");
    }

    [Fact]
    public async Task A_key_that_was_committed_before_is_not_committed_again()
    {
        Start(more: Keys);
        var first = await OpenAsync();
        await first.RunAsync<Committed>(new Commit([Insert(1)], "k"));
        var second = await OpenAsync();
        await second.RunAsync("insert into effects values (2, 'again')");

        var committed = await second.RunAsync<Committed>(new Commit([Insert(3)], "k"));

        Assert.True(committed.Settled);
        Assert.Equal(1, await CountAsync());
        await second.CommitAsync(Insert(4));
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task A_key_without_a_ledger_is_refused()
    {
        Start();
        var handle = await OpenAsync();

        await handle.RefusedAsync<LedgerUnavailable>(new Commit([Insert(1)], "k"));

        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task The_ledger_is_written_as_the_pools_user_whatever_role_the_conversation_has()
    {
        Start(more: Keys);
        var role = $"r{Guid.NewGuid():n}";
        await Sql.RunAsync($"create role {role}; grant insert on effects to {role}");
        var handle = await OpenAsync(new() { Context = new(Role: role, SearchPath: "public, pg_temp") });

        await handle.CommitAsync(Insert(1));

        Assert.Equal(1L, await Sql.ScalarAsync("select count(*) from keys_seen"));
        await Sql.RunAsync($"revoke all on effects from {role}; drop role {role}");
    }

    [Fact]
    public async Task With_a_ledger_a_commit_is_settled_by_its_key_too()
    {
        await using var proxy = CuttingProxy.For(Database, Cut.AfterCommit);
        var (handle, _) = await WarmAsync(proxy, Keys);

        handle.Send(new Commit([Insert(1)]));

        await SettledAsync(handle, committed: true, rows: 1);
    }

    /// <summary>A conversation that has a connection behind a proxy, which cuts its next commit; and the server process.</summary>
    private async Task<(Handle Handle, int Pid)> WarmAsync(CuttingProxy proxy, string more)
    {
        var pid = await StartBehindAsync(proxy, more);
        var handle = await OpenAsync(Alone);
        await handle.RunAsync("select 1");
        await handle.RollbackAsync();
        proxy.Arm();
        return (handle, pid);
    }

    private async Task SettledAsync(Handle handle, bool committed, int rows)
    {
        if (committed)
        {
            Assert.True((await handle.HearAsync<Committed>()).Settled);
            await handle.RunAsync("select 1");
        }
        else
        {
            Assert.Contains("settled that nothing took effect", (await handle.RefusalAsync<ConnectionLost>()).Message,
                StringComparison.Ordinal);
            await handle.RefusedAsync<ConversationFailed>("select 1");
        }
        Assert.Equal(committed ? rows : 0, await CountAsync());
    }

    private async Task KillAsync(object? pid)
    {
        await Sql.RunAsync($"select pg_terminate_backend({pid})");
        await Sql.UntilAsync($"count(*) = 0 from pg_stat_activity where pid = {pid}");
    }
}
