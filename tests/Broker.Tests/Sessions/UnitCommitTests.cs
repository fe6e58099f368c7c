using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>Commits that bring all of their work along and travel as one errand.</summary>
public sealed class UnitCommitTests : SessionStage
{
    [Fact]
    public async Task It_takes_no_lease_and_is_committed_with_all_of_its_steps_or_none()
    {
        Start();
        var handle = await OpenAsync();

        var committed = await handle.CommitAsync(Insert(1),
            new StatementStep("public.effects", new("update effects set note = 'y' returning note, pg_current_xact_id()::text")));

        Assert.Equal([1L, 1L], committed.Results.Select(one => one.Affected));
        Assert.Equal("y", committed.Results[1].Rows.Columns[0].GetValue(0));
        Assert.Equal(committed.Results[1].Rows.Columns[1].GetValue(0),
            committed.TransactionId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        handle.Send(new Commit([Insert(2), Insert(1)]));
        var refused = await handle.HearAsync<CommandRefused>();
        Assert.Equal((1, "effects_pkey"), (refused.Step, Assert.IsType<StatementFailed>(refused.Failure).Constraint));
        Assert.Equal(refused.Failure, handle.Answer.Failed);
        await handle.RefusedAsync<ConversationFailed>("select 1");
        await handle.RollbackAsync();
        Assert.Null(handle.Answer.Failed);
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task One_that_never_reached_the_server_leaves_the_conversation_well()
    {
        Start(pool: "size = 1, overflow = 0");
        var busy = await OpenAsync();
        await busy.RunAsync("select 1");
        await Broker.SuspendAsync("orders");
        var handle = await OpenAsync(new() { Wait = TimeSpan.FromMilliseconds(500) });

        handle.Send(new Commit([Insert(1)]));
        var refused = await handle.HearAsync<CommandRefused>();

        Assert.True(refused.Failure.SafeToRetry);
        Assert.Null(handle.Answer.Failed);
        await Broker.ResumeAsync("orders");
        await busy.RollbackAsync();
        // The connection comes back behind the answer, and the other one waits for it no longer than before.
        await UntilQuietAsync();
        await handle.CommitAsync(Insert(1));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task Its_context_holds_for_it()
    {
        Start();
        var handle = await OpenAsync(
            new() { Context = CallerContext.None with { Settings = CallerContext.None.Settings.Add("app.tenant", "acme") } });

        await handle.CommitAsync(new StatementStep("public.effects", new("insert into effects values (1, current_setting('app.tenant'))")));

        Assert.Equal("acme", await Sql.ScalarAsync("select note from effects"));
    }

    [Theory]
    [InlineData(nameof(Cut.BeforeCommit))]
    [InlineData(nameof(Cut.AfterCommit))]
    public async Task One_whose_connection_is_cut_at_its_commit_is_committed_once_whether_the_first_was_or_has_to_be_repeated(string where)
    {
        await using var proxy = CuttingProxy.ForOneTrip(Database, Enum.Parse<Cut>(where));
        await StartBehindAsync(proxy);
        var handle = await OpenAsync();
        proxy.Arm();

        await handle.CommitAsync(Insert(1), Insert(2));

        Assert.False(proxy.IsArmed);
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task One_that_is_cut_before_its_transaction_id_was_told_has_an_unknown_outcome_that_names_what_is_known()
    {
        await using var proxy = CuttingProxy.ForOneTrip(Database, Cut.BeforeCommitUntold);
        var pid = await StartBehindAsync(proxy);
        var handle = await OpenAsync();
        proxy.Arm();

        handle.Send(new Commit([Insert(1), Insert(2)]));

        await UnknownAsync(handle, pid);
    }
}
