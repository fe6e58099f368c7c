using Broker.Client;
using Broker.Client.Protocol.Messages;
using Broker.Client.Remote.Links;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>What is held for a reader that is slow, or does not read. Both ends are in this process, so one figure bounds both.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class BoundedMemoryTests : RawStage
{
    private const int MiB = 1024 * 1024;

    [Fact]
    public async Task Five_million_rows_pass_in_constant_memory_and_wait_in_the_server_while_their_reader_rests()
    {
        await StartAsync();
        var client = await ConnectAsync();
        var heap = new List<long>();
        var read = 0;

        await foreach (var (number, _) in client.StreamAsync<(int, string)>("orders", $"select generate_series(1, 5000000), 'a row'"))
        {
            if (number != ++read)
                Assert.Fail($"row {number} came as the {read}th");
            if (read == 2_000_000)
                await UntilTheServerWaitsAsync();
            if (read % 500_000 == 0)
                heap.Add(await HeldAsync(client));
        }

        Assert.Equal(5_000_000, read);
        Assert.All(heap, held => Assert.InRange(held - heap[0], long.MinValue, 4 * MiB));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(10)]
    public async Task One_that_stops_reading_is_closed_while_others_are_served(int results)
    {
        await StartAsync("backlog = 4MiB, heartbeat = 100ms, silence-limit = 5s");
        var client = await ConnectAsync();
        await using var proxy = new FaultProxy(Address);
        // ahead of the login: a whole collection may take longer than a client may be silent
        var before = await HeldAsync(client);
        await using var deaf = await LoggedInAsync(address: proxy.Address);
        await FindPoolAsync(deaf);
        proxy.StopReading();

        deaf.Ask(Pool, 100, Errand("select pg_sleep(600)"));
        await UntilAsync(static status => status.Busy > 0);
        for (var i = 1; i <= results; i++)
            deaf.Ask(Pool, 100 + i, Errand("select repeat('x', 200000)"));
        var most = 0L;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        // What it asked is withdrawn with it.
        while ((await Broker.GetStatusAsync("orders")).Busy > 0)
        {
            Assert.False(limit.IsCancellationRequested, "it was never closed");
            deaf.Tell(deaf.Gate, new LinkFrame(0, 0, ReadOnlyMemory<byte>.Empty));
            most = Math.Max(most, await HeldAsync(client));
        }

        Assert.InRange(most - before, long.MinValue, 24 * MiB);
        await AssertWholeAsync();
    }

    [Fact]
    public async Task A_hundred_thousand_random_messages_leave_nothing_behind()
    {
        await StartAsync();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var random = new Random(20);
        for (var connection = 0; connection < 20; connection++)
        {
            await using var hostile = await LoggedInAsync();
            for (var i = 0; i < 5000; i++)
            {
                hostile.SendBytes(Garbage(random));
            }
            await AssertGoneAsync(hostile);
        }
        await AssertWholeAsync();
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 32L * 1024 * 1024);
    }

    /// <summary>The bytes that are held, while another caller of the same link is answered.</summary>
    private static async Task<long> HeldAsync(BrokerClient client)
    {
        Assert.Equal(7, await client.QuerySingleAsync<int>("orders", $"select 7"));
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static byte[] Garbage(Random random)
    {
        var bytes = new byte[random.Next(1, 200)];
        random.NextBytes(bytes);
        // Half of them look like a request to the broker.
        if (random.Next(2) == 0)
        {
            bytes[0] = (byte)LinkCodec.Kind.Request;
        }
        return bytes;
    }

    private async Task UntilTheServerWaitsAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await Broker.QuerySingleAsync<long>("orders", $"select count(*) from pg_stat_activity where wait_event = 'ClientWrite'") == 0)
            Assert.False(limit.IsCancellationRequested, "the server was never held up");
    }
}

/// <summary>Tests of what a process holds: others beside them would be counted too.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;
