using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>Several handles of one conversation: order, epochs, scopes, and handles that go.</summary>
public sealed class SharingTests : SessionStage
{
    private static readonly ConversationTerms AnyHandle = new() { CommitRight = CommitRight.AnyHandle };

    [Fact]
    public async Task Handles_share_one_transaction()
    {
        Start();
        var (owner, other) = await PairAsync();
        await owner.RunAsync("insert into effects values (1, 'a')");

        Assert.Equal(1L, await other.AskAsync("select count(*) from effects"));
        await other.RunAsync("insert into effects values (2, 'b')");
        await owner.CommitAsync();

        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task Only_the_owner_commits_and_rolls_back_unless_the_terms_let_any_handle()
    {
        Start();
        var (owner, other) = await PairAsync();
        await owner.RunAsync("select 1");
        Assert.Equal(owner.Id, (await other.RefusedAsync<NotCommitsOwner>(new Commit([]))).Owner);
        await other.RefusedAsync<NotCommitsOwner>(Rollback.Instance);
        await owner.CommitAsync();

        var (_, any) = await PairAsync(AnyHandle);
        await any.CommitAsync(Insert(1));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task After_anothers_rollback_writes_and_commits_are_refused_until_they_show_the_new_epoch_and_reads_pass()
    {
        Start();
        var (owner, other) = await PairAsync(AnyHandle);
        await other.RunAsync("insert into effects values (1, 'half')");
        await owner.RollbackAsync();

        other.Send("insert into effects values (2, 'other half')");
        var moved = Assert.IsType<ConversationMoved>((await ReplyAsync<CommandRefused>(other)).Failure);
        Assert.Equal(new ConversationMove(new(1), MovedBy.Rollback, owner.Id), Assert.Single(moved.Moves));
        other.Epoch = default;
        await RefusedWithOldEpochAsync(other, new Commit([]));
        await RefusedWithOldEpochAsync(other, new Flush([Insert(3)]));
        await RefusedWithOldEpochAsync(other, new OpenScope(new(1), []));
        other.Epoch = default;
        Assert.Equal(0L, await other.AskAsync("select count(*) from effects"));

        await other.RunAsync("insert into effects values (4, 'knows')");
        await other.CommitAsync();
        Assert.Equal(1, await CountAsync("id = 4"));
    }

    [Fact]
    public async Task A_handles_own_commit_does_not_refuse_what_it_had_sent_behind_it()
    {
        Start();
        var (owner, _) = await PairAsync();
        owner.Send(new Flush([Insert(1)]));
        owner.Send(new Commit([]));
        owner.Send(new Flush([Insert(2)]));
        owner.Send(new Commit([]));

        await owner.HearAsync<Flushed>();
        await owner.HearAsync<Committed>();
        await owner.HearAsync<Flushed>();
        await owner.HearAsync<Committed>();
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task A_commit_names_what_others_have_not_sent_and_answers_name_the_tables_that_others_wrote()
    {
        Start();
        var (owner, other) = await PairAsync();
        other.Actor.Tell(new NoteUnsent(other.Session, other.Id, 3), other.Probe.Ref);
        await other.RunAsync("select 1");

        var committed = await owner.CommitAsync(Insert(1));

        Assert.Equal(new UnsentChanges(other.Id, 3), Assert.Single(committed.Unsent));
        Assert.True(owner.Answer.Shared);
        await other.RunAsync("select 1");
        Assert.Equal("public.effects", Assert.Single(other.Answer.StaleTables));
        await other.RunAsync("select 1");
        Assert.Empty(other.Answer.StaleTables);
        await owner.RunAsync("update effects set note = 'z'");
        await other.RunAsync("select 1");
        Assert.Equal("*", Assert.Single(other.Answer.StaleTables));
        Assert.Empty(owner.Answer.StaleTables);
    }

    [Fact]
    public async Task While_a_scope_is_open_what_others_write_waits_and_what_they_read_does_not()
    {
        Start();
        var (owner, other) = await PairAsync(AnyHandle);
        await owner.RunAsync<ScopeOpened>(new OpenScope(new(1), [Insert(1)]));
        other.Send("insert into effects values (2, 'waits')");
        other.Send("select 'behind it'");
        await owner.RunAsync("select 'meanwhile'");
        await other.Probe.ExpectNoMsgAsync(TimeSpan.FromMilliseconds(100));

        await owner.RunAsync<ScopeReleased>(new ReleaseScope(new(1), [Insert(3)]));

        await other.HearAsync<Executed>();
        await other.HearAsync<Executed>();
        await owner.RunAsync<ScopeOpened>(new OpenScope(new(2), []));
        Assert.Equal(3L, await other.AskAsync("select count(*) from effects"));
        await owner.CommitAsync();
        Assert.Equal(3, await CountAsync());
    }

    [Fact]
    public async Task A_scope_that_is_rolled_back_takes_only_its_own_work_through_any_depth()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(1), [Insert(1)]));
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(2), [Insert(2)]));
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(3), [Insert(3)]));
        await handle.RunAsync<Flushed>(new Flush([Insert(4)]));

        await handle.RunAsync<ScopeRolledBack>(new RollbackScope(new(2)));

        await handle.RefusedAsync<ScopeRefused>(new ReleaseScope(new(3), []));
        await handle.RunAsync<ScopeReleased>(new ReleaseScope(new(1), [Insert(5)]));
        await handle.CommitAsync();
        Assert.Equal("1,2,5", await Sql.ScalarAsync("select string_agg(id::text, ',' order by id) from effects"));
    }

    [Fact]
    public async Task A_failure_in_a_scope_is_over_when_the_scope_is_rolled_back()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(1), [Insert(1)]));
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(2), []));
        await handle.RefusedAsync<StatementFailed>("select 1 / 0");
        await handle.RefusedAsync<ConversationFailed>(new ReleaseScope(new(2), []));
        await handle.RefusedAsync<ConversationFailed>(new OpenScope(new(3), []));

        await handle.RunAsync<ScopeRolledBack>(new RollbackScope(new(1)));

        await handle.CommitAsync();
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_scope_belongs_to_the_handle_that_opened_it_and_ends_inside_out()
    {
        Start();
        var (owner, other) = await PairAsync();
        await owner.RunAsync<ScopeOpened>(new OpenScope(new(1), []));
        await owner.RunAsync<ScopeOpened>(new OpenScope(new(2), []));

        await owner.RefusedAsync<ScopeRefused>(new ReleaseScope(new(1), []));
        await owner.RefusedAsync<ScopeRefused>(new OpenScope(new(2), []));
        other.Send(new RollbackScope(new(1)));
        await owner.CommitAsync();
        await other.RefusalAsync<ConversationMoved>();
    }

    [Fact]
    public async Task A_handle_that_dies_takes_its_scopes_along_and_those_who_waited_go_on()
    {
        Start();
        var (owner, other) = await PairAsync();
        await owner.RunAsync<Flushed>(new Flush([Insert(1)]));
        await other.RunAsync<ScopeOpened>(new OpenScope(new(1), []));
        await other.RunAsync<Flushed>(new Flush([Insert(2)]));
        owner.Send(new Commit([Insert(3)]));
        await owner.Probe.ExpectNoMsgAsync(TimeSpan.FromMilliseconds(50));

        Sys.Stop(other.Life);

        // What it rolled back is a move that the owner had not seen.
        Assert.Equal(MovedBy.RollbackToScope, Assert.Single((await owner.RefusalAsync<ConversationMoved>()).Moves).How);
        await owner.CommitAsync(Insert(3));
        Assert.Equal("1,3", await Sql.ScalarAsync("select string_agg(id::text, ',' order by id) from effects"));
    }

    [Fact]
    public async Task The_owners_death_rolls_back_and_ends_the_conversation_for_all()
    {
        Start();
        var (owner, other) = await PairAsync();
        await other.RunAsync("insert into effects values (1, 'a')");

        Sys.Stop(owner.Life);

        await UntilQuietAsync();
        Watch(other.Actor);
        await ExpectTerminatedAsync(other.Actor);
        Assert.Equal(0, await CountAsync());
        Supervisor.Tell(new JoinSession(owner.Session, HandleId.Draw()), TestActor);
        Assert.IsType<ConversationGone>((await ExpectMsgAsync<Refused>()).Failure);
    }

    [Fact]
    public async Task A_conversation_whose_owner_leaves_answers_everything_that_waits()
    {
        Start(pool: "size = 1, overflow = 0");
        var busy = await OpenAsync();
        await busy.RunAsync("select 1");
        var (owner, other) = await PairAsync();
        other.Send("select 1");
        other.Send("select 2");

        await owner.LeaveAsync();

        await other.RefusalAsync<ConversationGone>();
        await other.RefusalAsync<ConversationGone>();
    }

    [Fact]
    public async Task A_handle_that_leaves_by_itself_changes_nothing_for_the_others()
    {
        Start();
        var (owner, other) = await PairAsync();
        await other.RunAsync("insert into effects values (1, 'a')");

        await other.LeaveAsync();
        other.Send("select 1");

        await other.RefusalAsync<ConversationGone>();
        await owner.CommitAsync();
        Assert.False(owner.Answer.Shared);
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_command_under_way_is_cancelled_when_the_owner_leaves()
    {
        Start();
        var (owner, other) = await PairAsync();
        other.Send("select pg_sleep(60)");
        await UntilAsync(status => status.Lent == 1);

        await owner.LeaveAsync();

        await other.HearAsync<CommandRefused>();
        await UntilQuietAsync();
    }

    [Fact]
    public async Task An_owner_that_leaves_is_answered_though_its_guests_leave_before_the_conversation_has_ended()
    {
        Start();
        var (owner, other) = await PairAsync();
        await HeldAtCommitAsync();
        owner.Send(new Commit([Insert(1)]));
        await Sql.UntilAsync(
            "count(*) = 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query = 'COMMIT'");

        owner.Actor.Tell(new LeaveSession(owner.Session, owner.Id), owner.Probe.Ref);
        other.Actor.Tell(new LeaveSession(other.Session, other.Id), other.Probe.Ref);
        var late = CreateTestProbe();
        other.Actor.Tell(new JoinSession(owner.Session, HandleId.Draw()), late.Ref);
        Assert.Contains("its owner closed it", (await late.ExpectMsgAsync<Refused>()).Failure.Message, StringComparison.Ordinal);
        await Sql.RunAsync("select pg_advisory_unlock(7)");

        await owner.HearAsync<Committed>();
        await owner.Probe.ExpectMsgAsync<SessionLeft>();
        await other.Probe.ExpectMsgAsync<SessionLeft>();
    }

    private async Task<(Handle Owner, Handle Other)> PairAsync(ConversationTerms? terms = null)
    {
        var owner = await OpenAsync(terms);
        return (owner, await JoinAsync(owner));
    }

    private static async Task<T> ReplyAsync<T>(Handle handle) where T : ISessionReply => await handle.HearAsync<T>();

    private static async Task RefusedWithOldEpochAsync(Handle handle, ISessionCommand command)
    {
        handle.Epoch = default;
        await handle.RefusedAsync<ConversationMoved>(command);
    }
}
