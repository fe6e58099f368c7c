using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Hosting;
using Npgsql;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>A broker that stops: it lets nobody new in, and what it still does is told to those who asked for it.</summary>
public sealed class StoppingTests : RawStage
{
    private const string Waits = "select 7 from pg_advisory_lock(11)";

    [Fact]
    public async Task A_client_that_is_cut_off_while_the_broker_drains_comes_back_for_its_answer()
    {
        await StartAsync();
        await using var holder = await HolderAsync();
        var client = await LoggedInAsync();
        await FindPoolAsync(client);
        client.Ask(Pool, 5, Errand(Waits));
        await UntilAsync(static status => status.Busy == 1);

        Sys.ActorSelection("/user/broker").Tell(BrokerSupervisor.StopBroker.Instance, TestActor);
        await AssertClosedAsync();
        await client.DisposeAsync();
        await using var again = new RawClient(Address);
        Assert.True(Assert.IsType<Admitted>(await again.LoginAsync(resumes: client.Id)).Resumed);
        await ReleaseAsync(holder);

        var answers = await AnswersAsync(again, 2);
        Assert.IsType<PoolFound>(answers[0]);
        Assert.IsNotType<Refused>(answers[1]);
        await ExpectMsgAsync<BrokerStopped>();
        // It is in as a client that there was, and nobody else is.
        await AssertClosedAsync();
    }

    [Fact]
    public async Task A_broker_that_stops_waits_until_a_client_that_is_out_of_reach_has_its_answer()
    {
        await StartAsync("heartbeat = 200ms");
        await using var holder = await HolderAsync();
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(address: proxy.Address);
        var asking = client.QuerySingleAsync<int>("orders", new Statement(Waits)).AsTask();
        await UntilAsync(static status => status.Busy == 1);

        proxy.Swallow();
        var stopped = CoordinatedShutdown.Get(Sys).Run(CoordinatedShutdown.ClrExitReason.Instance);
        await AssertClosedAsync();
        await ReleaseAsync(holder);
        while (await CountAsync(holder, "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()") > 0)
        {
            // Its pool closes what it has when the work is done.
        }
        proxy.Carry();

        Assert.Equal(7, await asking);
        await stopped;
    }

    private async Task<NpgsqlConnection> HolderAsync()
    {
        var holder = new NpgsqlConnection(Database);
        await holder.OpenAsync();
        await RunAsync(holder, "select pg_advisory_lock(11)");
        return holder;
    }

    private static Task ReleaseAsync(NpgsqlConnection holder) => RunAsync(holder, "select pg_advisory_unlock(11)");

    private static async Task RunAsync(NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    // It is told to close behind the conversations.
    private async Task AssertClosedAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            await using var stranger = new RawClient(Address);
            if (await stranger.LoginAsync() is Refused refused)
            {
                Assert.IsType<BrokerStopping>(refused.Failure);
                return;
            }
            Assert.False(limit.IsCancellationRequested, "it lets strangers in");
        }
    }
}
