using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>Conversations of a client that has as many requests under way as it may.</summary>
public sealed class BusyClientTests : RemoteStage
{
    private const int Requests = 2;

    [Fact]
    public async Task A_conversation_goes_on_behind_a_command_that_was_one_too_many()
    {
        var client = await BusyAsync();
        await using var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"create table effects (number int)");

        await using var holder = await HoldAsync();
        var busy = await KeepBusyAsync(client);
        await FailureOfAsync<TooManyRequests>(async () => await session.ExecuteAsync($"insert into effects values (1)"));
        await holder.CloseAsync();
        await busy;

        await session.ExecuteAsync($"insert into effects values (2)");
        await session.CommitAsync();
        Assert.Equal(2, await Home.QuerySingleAsync<int>("orders", $"select number from effects"));
    }

    [Fact]
    public async Task A_conversation_is_left_however_many_requests_are_under_way()
    {
        var client = await BusyAsync();
        var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"create table effects (number int)");

        await using var holder = await HoldAsync();
        var busy = await KeepBusyAsync(client);
        await session.DisposeAsync();
        await holder.CloseAsync();
        await busy;

        await UntilAsync(static status => status is { Lent: 0 });
    }

    private async Task<BrokerClient> BusyAsync()
    {
        await StartAsync($"max-requests = {Requests}");
        return await ConnectAsync();
    }

    /// <summary>Has all of its requests under way until the lock 7 is let go; the inner task is that while.</summary>
    private async Task<Task> KeepBusyAsync(BrokerClient client)
    {
        var running = Enumerable.Range(0, Requests)
            .Select(_ => client.ExecuteAsync("orders", $"select pg_advisory_xact_lock_shared(7)").AsTask()).ToArray();
        await UntilAsync(static status => status.Busy == Requests);
        return Task.WhenAll(running);
    }
}
