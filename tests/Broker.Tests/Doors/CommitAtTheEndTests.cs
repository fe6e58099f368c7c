using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>A commit that is under way when its client ends the link.</summary>
public sealed class CommitAtTheEndTests : RemoteStage
{
    [Fact]
    public async Task A_commit_that_was_sent_is_unknown_to_a_client_that_ends_before_its_answer()
    {
        await StartAsync();
        await Home.ExecuteAsync("orders", $"create table effects (number int)");
        await using var holder = await HoldCommitsAsync();
        var client = await BrokerClient.ConnectAsync(Address, Options);
        var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"insert into effects values (1)");

        var committing = session.CommitAsync().AsTask();
        await UntilCommitIsHeldAsync(holder);
        await client.DisposeAsync();

        Assert.False((await FailureOfAsync<CommitUnknown>(() => committing)).SafeToRetry);
        await holder.CloseAsync();
        while (await Home.QuerySingleAsync<long>("orders", $"select count(*) from effects") == 0)
        {
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task A_commit_that_still_runs_when_the_broker_has_given_its_client_up_is_waited_for()
    {
        await StartAsync("heartbeat = 200ms, silence-limit = 2s");
        await Home.ExecuteAsync("orders", $"create table effects (number int)");
        await Home.ExecuteAsync("orders",
            $"create function fail() returns trigger language plpgsql as 'begin perform pg_sleep(8); raise exception ''no''; end'");
        await Home.ExecuteAsync("orders",
            $"create constraint trigger failing after insert on effects deferrable initially deferred for each row execute function fail()");
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(address: proxy.Address);
        var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"insert into effects values (1)");

        var committing = session.CommitAsync().AsTask();
        await UntilCommitRunsAsync();
        proxy.Delay = TimeSpan.FromSeconds(4);
        proxy.Cut();
        await Task.Delay(4500);
        proxy.Delay = TimeSpan.Zero;
        proxy.Cut();

        var failed = await Assert.ThrowsAsync<BrokerException>(() => committing.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.IsNotType<AnswerMissing>(failed.Failure);
    }

    private async Task UntilCommitRunsAsync()
    {
        while (await Home.QuerySingleAsync<long>("orders",
            $"select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()") == 0)
        {
            await Task.Delay(20);
        }
    }
}
