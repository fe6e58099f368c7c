using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>Conversations that begin with a commit of work that it brings along, and have no actor until they do more.</summary>
public sealed class BriefTests : SessionStage
{
    [Fact]
    public async Task One_that_only_commits_has_no_actor_and_keeps_its_numbers_epoch_and_replies()
    {
        await StartAsync();
        var handle = Open(new Commit([Insert(1)]));
        var first = await handle.HearAsync<Committed>();

        await handle.CommitAsync(Insert(2));
        Assert.Equal(new Epoch(2), handle.Epoch);
        handle.Sequence = 0;
        handle.Send(new Commit([Insert(1)]));

        Assert.Equal(first, await handle.HearAsync<Committed>());
        Assert.NotEqual(0UL, first.TransactionId);
        Assert.False(await HasActorAsync(handle));
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task A_statement_gives_it_an_actor_that_goes_on_where_it_was()
    {
        await StartAsync();
        var handle = Open(new Commit([Insert(1)]));
        var first = await handle.HearAsync<Committed>();

        Assert.Equal(1L, await handle.AskAsync("select count(*) from effects"));

        Assert.True(await HasActorAsync(handle));
        await handle.RunAsync("insert into effects values (2, 'b')");
        await handle.CommitAsync();
        var next = handle.Sequence;
        handle.Sequence = 0;
        handle.Send(new Commit([Insert(1)]));
        Assert.Equal(first, await handle.HearAsync<Committed>());
        handle.Sequence = next;
        await handle.CommitAsync(Insert(3));
        Assert.Equal(3, await CountAsync());
        await handle.LeaveAsync();
    }

    [Fact]
    public async Task One_that_begins_with_anything_else_or_with_a_long_commit_has_an_actor_at_once()
    {
        await StartAsync();
        var reading = Open(new Execute(new("select 1")));
        await reading.HearAsync<Executed>();
        var bulk = Open(new Commit(
            [new StatementStep("public.effects", Statement.Of("insert into effects select n, 'x' from unnest($1) n", new[] { 1, 2, 3 }))]));
        await bulk.HearAsync<Committed>();

        Assert.True(await HasActorAsync(reading));
        Assert.True(await HasActorAsync(bulk));
        Assert.Equal(3, await CountAsync());
    }

    [Fact]
    public async Task Another_handle_may_join_while_its_commit_is_under_way()
    {
        await StartAsync();
        await Broker.SuspendAsync("orders");
        var handle = Open(new Commit([Insert(1)]));
        var other = await JoinAsync(handle);
        Assert.True(await HasActorAsync(handle));

        await Broker.ResumeAsync("orders");

        await handle.HearAsync<Committed>();
        Assert.True(handle.Answer.Shared);
        var moved = await other.RefusedAsync<ConversationMoved>(new Flush([Insert(2)]));
        Assert.Equal(handle.Id, Assert.Single(moved.Moves).By);
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task Cancelling_a_commit_that_waits_in_the_pools_line_withdraws_it()
    {
        await StartAsync();
        await Broker.SuspendAsync("orders");
        var handle = Open(new Commit([Insert(1)]));

        Supervisor.Tell(new CancelInSession(handle.Session, handle.Id, 1));

        await handle.RefusalAsync<Cancelled>();
        await Broker.ResumeAsync("orders");
        await handle.CommitAsync(Insert(2));
        Assert.Equal(1, await CountAsync("id = 2"));
        Assert.Equal(0, await CountAsync("id = 1"));
        Assert.False(await HasActorAsync(handle));
    }

    [Fact]
    public async Task One_whose_commit_failed_refuses_everything_until_its_rollback()
    {
        await StartAsync();
        var handle = Open(new Commit([Insert(1), Insert(1)]));
        Assert.Equal(1, (await handle.HearAsync<CommandRefused>()).Step);
        Assert.IsType<StatementFailed>(handle.Answer.Failed);

        await handle.RefusedAsync<ConversationFailed>(new Commit([Insert(2)]));
        await handle.RollbackAsync();

        Assert.Null(handle.Answer.Failed);
        await handle.CommitAsync(Insert(3));
        Assert.False(await HasActorAsync(handle));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task What_became_of_a_commit_outlives_it_unless_it_was_acknowledged()
    {
        await StartAsync();
        var handle = Open(new Commit([Insert(1)]));
        await handle.HearAsync<Committed>();
        Assert.IsType<Committed>(await OutcomeAsync(new(handle.Session, handle.Id, 1)));
        await handle.CommitAsync(Insert(2));
        handle.Acknowledged = 1;

        await handle.LeaveAsync();

        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(await OutcomeAsync(new(handle.Session, handle.Id, 1))).Failure);
        Assert.IsType<Committed>(await OutcomeAsync(new(handle.Session, handle.Id, 2)));
        handle.Send(new Commit([Insert(3)]));
        Assert.IsType<ConversationGone>((await handle.Probe.ExpectMsgAsync<Refused>()).Failure);
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task Its_owner_that_leaves_waits_for_a_commit_that_was_sent()
    {
        await StartAsync();
        await using var transaction = await Sql.BeginTransactionAsync();
        await using (var blocking = new Npgsql.NpgsqlCommand("lock table effects", Sql, transaction))
        {
            await blocking.ExecuteNonQueryAsync();
        }
        var handle = Open(new Commit([Insert(1)]));
        await UntilAsync(static status => status.Busy > 0);
        var leaver = CreateTestProbe();
        Supervisor.Tell(new LeaveSession(handle.Session, handle.Id), leaver.Ref);

        await leaver.ExpectNoMsgAsync(TimeSpan.FromMilliseconds(100));
        await transaction.CommitAsync();

        await leaver.ExpectMsgAsync<SessionLeft>();
        Assert.Equal(1, await CountAsync());
        Assert.IsType<Committed>(await OutcomeAsync(new(handle.Session, handle.Id, 1)));
    }

    [Fact]
    public async Task One_that_is_stopped_in_the_middle_says_that_the_outcome_is_unknown()
    {
        await StartAsync();
        await Broker.SuspendAsync("orders");
        var handle = Open(new Commit([Insert(1)]));
        // Behind this the commit is under way.
        Assert.IsType<StillRunning>(await OutcomeAsync(new(handle.Session, handle.Id, 1)));

        Sys.Stop(await Sys.ActorSelection("/user/broker/sessions").ResolveOne(TimeSpan.FromSeconds(20)));

        await handle.RefusalAsync<CommitUnknown>();
    }

    [Fact]
    public async Task None_is_opened_for_another_handles_command_or_without_its_opening()
    {
        await StartAsync();
        var (handle, other) = (new Handle(this, SessionId.Draw()), HandleId.Draw());
        var opens = new OpenSession(handle.Session, other, "orders", null, ConversationTerms.Default);

        Supervisor.Tell(new RunInSession(handle.Session, handle.Id, 1, 0, default, new Commit([Insert(1)])) { Opens = opens },
            handle.Probe.Ref);
        Supervisor.Tell(new RunInSession(handle.Session, handle.Id, 1, 0, default, new Commit([Insert(1)])), handle.Probe.Ref);

        Assert.IsType<ConversationGone>((await handle.Probe.ExpectMsgAsync<Refused>()).Failure);
        Assert.IsType<ConversationGone>((await handle.Probe.ExpectMsgAsync<Refused>()).Failure);
        Assert.Equal(0, await CountAsync());
    }

    /// <summary>A broker that knows its database by now.</summary>
    private async Task StartAsync()
    {
        Start();
        await (await OpenAsync()).LeaveAsync();
    }

    private Handle Open(ISessionCommand first)
    {
        var handle = new Handle(this, SessionId.Draw());
        handle.Open(Supervisor, first);
        return handle;
    }

    private async Task<bool> HasActorAsync(Handle handle)
    {
        var asker = CreateTestProbe();
        Sys.ActorSelection($"/user/broker/sessions/{handle.Session}").Tell(new Identify(1), asker.Ref);
        return (await asker.ExpectMsgAsync<ActorIdentity>()).Subject is not null;
    }
}
