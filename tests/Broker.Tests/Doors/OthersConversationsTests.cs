using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>Who knows what another user's conversation, handle and command are called has nothing by that.</summary>
public sealed class OthersConversationsTests : RawStage
{
    private const string Elsewhere =
        "broker.gateway.hba = [\"host orders ann all scram-sha-256\", \"host elsewhere bob,ann all scram-sha-256\"]";

    private readonly SessionId _session = SessionId.Draw();
    private readonly HandleId _handle = HandleId.Draw();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_command_that_opens_does_nothing_in_one_that_is_there(bool hasActor)
    {
        await using var ann = await OpenAsync(Elsewhere);
        if (hasActor)
        {
            Assert.IsType<Executed>(await RunAsync(ann, 2, new Execute(new("insert into effects values (2)"))));
        }
        await using var bob = await LoggedInAsync("bob", "other");
        var next = hasActor ? 3 : 2;

        bob.Ask(Supervisor, 1, Command(next, new Commit([Insert(3)])) with { Opens = Opens("elsewhere") });
        bob.Ask(Supervisor, 0, new CancelInSession(_session, _handle, next));
        bob.Ask(Supervisor, 0, new LeaveSession(_session, _handle));

        Assert.IsType<AccessDenied>(Assert.IsType<Refused>(Assert.Single(await AnswersAsync(bob, 1))).Failure);
        Assert.IsType<Committed>(await RunAsync(ann, next, new Commit([Insert(4)])));
        Assert.Equal(hasActor ? [1, 2, 4] : [1, 4], await Broker.QueryAsync<int>("orders", $"select id from effects order by 1"));
    }

    [Fact]
    public async Task What_it_gave_up_is_not_another_users()
    {
        await using var ann = await OpenAsync();
        Assert.IsType<Executed>(await RunAsync(ann, 2, new Execute(new("insert into effects values (2)"))));
        await using var bob = await LoggedInAsync("bob", "other");

        bob.Ask(Supervisor, 1, Command(1, new Commit([])) with { Opens = Opens("orders") });
        bob.Tell(bob.Gate, Goodbye.Instance);
        await AssertGoneAsync(bob);

        Assert.IsType<Committed>(await RunAsync(ann, 3, new Commit([])));
        Assert.Equal([1, 2], await Broker.QueryAsync<int>("orders", $"select id from effects order by 1"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("broker.errands.ledger.table = keys_seen")]
    public async Task What_became_of_a_commit_is_told_to_its_user_only(string ledger)
    {
        await using var ann = await OpenAsync(ledger);
        await using var bob = await LoggedInAsync("bob", "other");

        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(await OutcomeAsync(bob, 1)).Failure);
        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(await OutcomeAsync(bob, 2)).Failure);
        Assert.IsType<Committed>(await OutcomeAsync(ann, 1));
        // It was not spent by the question.
        Assert.IsType<Committed>(await RunAsync(ann, 2, new Commit([Insert(2)])));
        Assert.IsType<Executed>(await RunAsync(ann, 3, new Execute(new("select 1"))));
        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(await OutcomeAsync(bob, 2)).Failure);
        Assert.IsType<Committed>(await OutcomeAsync(ann, 2));
        ann.Ask(Supervisor, 1, new LeaveSession(_session, _handle) { Acknowledged = 1 });
        Assert.IsType<SessionLeft>(Assert.Single(await AnswersAsync(ann, 1)));

        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(await OutcomeAsync(bob, 2)).Failure);
        Assert.IsType<Committed>(await OutcomeAsync(ann, 2));
    }

    [Fact]
    public async Task It_is_told_for_its_own_database_only()
    {
        await using var ann = await OpenAsync(Elsewhere);
        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(await OutcomeAsync(ann, 1, "elsewhere")).Failure);
        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(await OutcomeAsync(ann, 1, null)).Failure);
        ann.Ask(Supervisor, 1, new LeaveSession(_session, _handle));
        Assert.IsType<SessionLeft>(Assert.Single(await AnswersAsync(ann, 1)));

        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(await OutcomeAsync(ann, 1, "elsewhere")).Failure);
        Assert.IsType<CommitUnknown>(Assert.IsType<CommandRefused>(await OutcomeAsync(ann, 1, null)).Failure);
        Assert.IsType<Committed>(await OutcomeAsync(ann, 1));
    }

    /// <summary>A conversation of ann's, opened by a commit that brings its work along.</summary>
    private async Task<RawClient> OpenAsync(string more = "")
    {
        await StartAsync(more: more);
        await Broker.ExecuteAsync("orders", $"create table effects (id int primary key)");
        var ann = await LoggedInAsync();
        ann.Ask(Supervisor, 1, Command(1, new Commit([Insert(1)])) with { Opens = Opens("orders") });
        Assert.IsType<Committed>(Assert.IsType<SessionAnswer>(Assert.Single(await AnswersAsync(ann, 1))).Reply);
        return ann;
    }

    private OpenSession Opens(string database) => new(_session, _handle, database, null, ConversationTerms.Default);

    private RunInSession Command(long sequence, ISessionCommand command) => new(_session, _handle, sequence, 0, default, command);

    private static StatementStep Insert(int id) => new("public.effects", Statement.Of("insert into effects values ($1)", id));

    private async Task<ISessionReply> RunAsync(RawClient client, long sequence, ISessionCommand command)
    {
        client.Ask(Supervisor, 1, Command(sequence, command));
        return Assert.IsType<SessionAnswer>(Assert.Single(await AnswersAsync(client, 1))).Reply;
    }

    private async Task<ISessionReply> OutcomeAsync(RawClient client, long sequence, string? database = "orders")
    {
        client.Ask(Supervisor, 1, new GetCommitOutcome(_session, _handle, sequence) { Database = database });
        return Assert.IsType<CommitOutcome>(Assert.Single(await AnswersAsync(client, 1))).Reply;
    }
}
