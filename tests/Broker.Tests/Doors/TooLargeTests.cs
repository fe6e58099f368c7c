using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>Requests and answers that the other end does not take, or not all of them at a time: nobody else notices.</summary>
public sealed class TooLargeTests : RemoteStage
{
    private const int MiB = 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_answer_that_the_client_does_not_take_is_refused_to_its_caller_alone()
    {
        await StartAsync();
        var client = await ConnectAsync(Options with { LargestMessages = MiB });
        await using var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"create table effects (number int)");

        await FailureOfAsync<ResultTooLarge>(() =>
            client.QuerySingleAsync<string>("orders", $"select repeat('x', {3 * MiB})").AsTask().WaitAsync(Limit));

        await session.CommitAsync();
    }

    [Fact]
    public async Task A_copy_of_which_the_client_does_not_take_a_chunk_is_over()
    {
        await StartAsync(more: "broker.errands.stream { chunk-bytes = 4MiB, idle-limit = off }");
        var client = await ConnectAsync(Options with { LargestMessages = MiB });
        await using var copy = await client.CopyOutAsync("orders", $"copy (select repeat('x', 1000) from generate_series(1, 100000)) to stdout");

        await FailureOfAsync<ResultTooLarge>(() => copy.ReadAsync(new byte[100]).AsTask().WaitAsync(Limit));

        await UntilAsync(static status => status.Lent == 0);
    }

    [Fact]
    public async Task A_request_that_the_broker_does_not_take_is_refused_to_its_caller_alone()
    {
        await StartAsync("largest-requests = 1MiB");
        var client = await ConnectAsync();
        await using var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"create table effects (number int)");

        await FailureOfAsync<StatementRefused>(() =>
            client.QuerySingleAsync<int>("orders", $"select length({new byte[3 * MiB]})").AsTask().WaitAsync(Limit));
        await FailureOfAsync<StatementRefused>(() =>
            session.ExecuteAsync($"insert into effects values (length({new byte[3 * MiB]}))").AsTask().WaitAsync(Limit));

        await session.CommitAsync();
    }

    [Fact]
    public async Task Several_large_ones_at_a_time_wait_for_each_other_where_not_all_are_taken_together()
    {
        await StartAsync("largest-requests = 4MiB");
        var client = await ConnectAsync(Options with { LargestMessages = 4 * MiB });
        var bytes = new byte[2_000_000];

        var large = Enumerable.Range(0, 8).Select(_ => client.QuerySingleAsync<byte[]>("orders", $"select {bytes}").AsTask()).ToArray();

        Assert.All(await Task.WhenAll(large).WaitAsync(Limit), read => Assert.Equal(bytes.Length, read.Length));
    }

    [Fact]
    public async Task More_large_ones_than_are_taken_in_pieces_go_one_behind_the_other()
    {
        await StartAsync(more: "broker.errands.max-waiting = 100000");
        var client = await ConnectAsync();
        var text = new string('x', 40_000);

        var many = Enumerable.Range(0, 5000).Select(_ => client.QuerySingleAsync<int>("orders", $"select length({text})").AsTask()).ToArray();

        Assert.All(await Task.WhenAll(many).WaitAsync(2 * Limit), length => Assert.Equal(text.Length, length));
    }
}
