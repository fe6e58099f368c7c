using Broker.Client;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>Callers whose code blocks where they were answered: they hold up nobody, near and afar.</summary>
public sealed class BlockingCallersTests : RemoteStage
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly AsyncLocal<int> _caller = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_caller_that_does_not_return_keeps_nobody_from_his_answer(bool afar)
    {
        await StartAsync();
        var client = afar ? await ConnectAsync() : Broker;
        using var goOn = new ManualResetEventSlim();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var holding = Task.Run(async () =>
        {
            await client.QuerySingleAsync<int>("orders", $"select 1");
            held.SetResult();
            return goOn.Wait(Limit);
        });
        await held.Task.WaitAsync(Limit);

        for (var number = 0; number < 20; number++)
            Assert.Equal(number, await client.QuerySingleAsync<int>("orders", $"select {number}").AsTask().WaitAsync(Limit));
        var together = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(async number => await client.QuerySingleAsync<int>("orders", $"select {number}"))).WaitAsync(Limit);

        Assert.Equal(Enumerable.Range(0, 20), together);
        goOn.Set();
        Assert.True(await holding);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Several_callers_block_for_their_next_answer_where_they_got_the_last_and_keep_their_context(bool afar)
    {
        await StartAsync();
        var client = afar ? await ConnectAsync() : Broker;

        var sums = await Task.WhenAll(Enumerable.Range(0, 4).Select(caller => Task.Run(() => SumAsync(client, caller)))).WaitAsync(Limit);

        Assert.Equal([0, 40, 80, 120], sums);
    }

    private async Task<int> SumAsync(BrokerClient client, int caller)
    {
        _caller.Value = caller;
        var sum = 0;
        for (var round = 0; round < 20; round++)
        {
            sum += await client.QuerySingleAsync<int>("orders", $"select {caller}");
            sum += client.QuerySingleAsync<int>("orders", $"select {caller}").AsTask().Result;
            Assert.Equal(caller, _caller.Value);
        }
        return sum;
    }
}
