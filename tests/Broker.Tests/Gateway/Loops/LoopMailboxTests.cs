using Akka.Actor;
using Broker.Gateway.Loops;
using Xunit;

namespace Broker.Tests.Gateway.Loops;

/// <summary>The mailbox of the actors of a loop.</summary>
public sealed class LoopMailboxTests
{
    [Fact]
    public void What_was_put_in_comes_out_in_order_and_counts_until_then()
    {
        var chain = new LoopMailbox.Chain();
        Assert.Equal((false, 0, false), (chain.HasMessages, chain.Count, chain.TryDequeue(out _)));
        for (var number = 0; number < 3; number++)
        {
            Put(chain, number);
        }
        Assert.Equal((true, 3), (chain.HasMessages, chain.Count));

        Assert.Equal([0, 1, 2], Drain(chain));
        Assert.Equal((false, 0), (chain.HasMessages, chain.Count));
    }

    [Fact]
    public async Task Of_many_writers_each_is_read_whole_and_in_its_order()
    {
        const int Writers = 4;
        const int Each = 50_000;
        var chain = new LoopMailbox.Chain();
        var writers = Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
        {
            for (var number = 0; number < Each; number++)
            {
                Put(chain, (writer * Each) + number);
            }
        })).ToArray();
        var next = new int[Writers];
        for (var read = 0; read < Writers * Each;)
        {
            if (chain.TryDequeue(out var envelope))
            {
                var number = (int)envelope.Message;
                Assert.Equal(next[number / Each]++, number % Each);
                read++;
            }
        }
        await Task.WhenAll(writers);

        Assert.Equal((false, 0), (chain.HasMessages, chain.Count));
    }

    [Fact]
    public void What_was_read_is_not_kept()
    {
        var chain = new LoopMailbox.Chain();
        var read = PutAndRead(chain);
        GC.Collect();

        Assert.False(read.IsAlive);
        GC.KeepAlive(chain);
    }

    [Fact]
    public void What_is_left_of_an_actor_that_ended_goes_where_dead_letters_go()
    {
        var (chain, dead) = (new LoopMailbox.Chain(), new LoopMailbox.Chain());
        Put(chain, 1);
        Put(chain, 2);
        chain.CleanUp(ActorRefs.Nobody, dead);

        Assert.Equal([1, 2], Drain(dead));
        Assert.False(chain.HasMessages);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Actors_of_a_loop_have_it(bool portable)
    {
        await using var loops = new LoopSystem(portable);

        Assert.IsType<LoopMailbox.Chain>(await LoopSystem.DoAsync(loops.Spawn(), context => ((ActorCell)context).Mailbox!.MessageQueue));
    }

    private static WeakReference PutAndRead(LoopMailbox.Chain chain)
    {
        var message = new object();
        chain.Enqueue(ActorRefs.Nobody, new Envelope(message, ActorRefs.NoSender));
        Assert.True(chain.TryDequeue(out _));
        return new(message);
    }

    private static void Put(LoopMailbox.Chain chain, int number) => chain.Enqueue(ActorRefs.Nobody, new Envelope(number, ActorRefs.NoSender));

    private static List<int> Drain(LoopMailbox.Chain chain)
    {
        var numbers = new List<int>();
        while (chain.TryDequeue(out var envelope))
        {
            numbers.Add((int)envelope.Message);
        }
        return numbers;
    }
}
