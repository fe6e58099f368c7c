using Broker.Client.Remote.Frames;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>What is large takes turns with what is small on a link, in pieces.</summary>
public sealed class LargeResultsTests : RawStage
{
    private const int Rounds = 32;

    [Fact]
    public async Task A_small_answer_comes_before_the_next_piece_of_a_large_one()
    {
        // Nothing is said, or sent again, for want of something to do.
        await StartAsync("heartbeat = 1m, silence-limit = 3m");
        await using var client = await LoggedInAsync();
        await FindPoolAsync(client);
        client.Ask(Pool, 100, Errand($"select repeat('x', {Rounds * FrameSizes.LargeWindow})"));

        for (var round = 1; round <= Rounds; round++)
        {
            var under = 0;
            while (under < FrameSizes.LargeWindow)
            {
                var piece = await client.FrameAsync();
                Assert.Equal((byte)PieceKind.More, piece.Content.Span[0]);
                Assert.InRange(piece.Content.Length, FrameSizes.Piece, FrameSizes.Piece + 16);
                under += piece.Content.Length;
            }
            client.Ask(Pool, 100 + round, Errand("select 1"));
            var small = await client.FrameAsync();
            Assert.Equal(100 + round, Assert.Single(RawClient.Items(small)).First);
            client.Acknowledge(small.Sequence);
        }

        Assert.Equal((byte)PieceKind.Last, (await client.FrameAsync()).Content.Span[0]);
    }

    [Fact]
    public async Task A_small_request_passes_a_large_one_of_another_caller()
    {
        await StartAsync(pool: "size = 1, overflow = 0");
        var client = await ConnectAsync();
        await client.ExecuteAsync("orders", $"create table arrivals (number int generated always as identity, what text)");
        var bytes = new byte[16 * 1024 * 1024];

        var large = client.ExecuteAsync("orders", $"insert into arrivals (what) select 'large' where length({bytes}) > 0").AsTask();
        await client.ExecuteAsync("orders", $"insert into arrivals (what) values ('small')");
        await large;

        Assert.Equal(["small", "large"], await client.QueryAsync<string>("orders", $"select what from arrivals order by number"));
    }
}
