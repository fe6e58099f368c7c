using System.Diagnostics;
using Akka.Actor;
using Akka.Dispatch;
using Broker.Gateway.Loops;
using Xunit;

namespace Broker.Tests.Gateway.Loops;

/// <summary>How loops begin and end, and what they owe to those who post.</summary>
public sealed class LoopLifeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_whoever_starts_a_loop_has_in_its_context_the_loop_does_not_have(bool portable)
    {
        using var activity = new Activity("of the starter").Start();
        await using var loops = new LoopSystem(portable);

        Assert.Null(await LoopSystem.DoAsync(loops.Spawn(), _ => Activity.Current));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Loops_asked_for_again_are_those_of_the_first_time(bool portable)
    {
        await using var loops = new LoopSystem(portable, loops: 2);
        var again = await Task.WhenAll(Enumerable.Range(1, 4).Select(count => Task.Run(() => Reactors.Of(loops.System).Start(count, portable))));

        Assert.All(again, dispatchers => Assert.Equal(loops.Dispatchers, dispatchers));
    }

    [Fact]
    public async Task Loops_asked_for_at_once_are_the_same_for_everybody()
    {
        for (var round = 0; round < 10; round++)
        {
            var system = ActorSystem.Create("loops", "akka { loglevel = WARNING, stdout-loglevel = OFF }");
            using var together = new Barrier(4);
            var all = await Task.WhenAll(Enumerable.Range(1, 4).Select(count => Task.Run(() =>
            {
                together.SignalAndWait();
                return Reactors.Of(system).Start(count);
            })));

            Assert.All(all, dispatchers => Assert.Equal(all[0], dispatchers));
            await system.Terminate();
        }
    }

    [Fact]
    public async Task A_system_that_has_ended_starts_no_loops()
    {
        var system = ActorSystem.Create("loops", "akka { loglevel = WARNING, stdout-loglevel = OFF }");
        var reactors = Reactors.Of(system);
        await system.Terminate();

        Assert.ThrowsAny<Exception>(() => reactors.Start(1));
    }

    [Fact]
    public void A_loop_that_was_stopped_touches_no_descriptor_any_more()
    {
        var loop = new EpollLoop("stopped", static _ => { });
        Assert.True(loop.Stop(Limit));
        var paths = Enumerable.Range(0, 20).Select(_ => Path.GetTempFileName()).ToArray();
        // some have the numbers that the loop had
        var files = Array.ConvertAll(paths, static path => File.Open(path, FileMode.Create));

        loop.Post(new ActionRunnable(static () => { }));
        Assert.True(loop.Stop(Limit));

        foreach (var file in files)
        {
            Assert.Equal(0, file.Length);
            file.WriteByte(1);
            file.Dispose();
        }
        Array.ForEach(paths, File.Delete);
    }

    [Fact]
    public async Task What_others_post_without_end_does_not_keep_a_port_from_being_heard()
    {
        await using var loops = new LoopSystem(portable: false);
        var owner = loops.Spawn();
        var read = new TaskCompletionSource<(int Count, long Runs)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var runs = 0L;
        owner.Tell(new LoopSystem.Doer.OnReady(port => read.TrySetResult((port.Read(new byte[8]), runs))));
        var (peer, ours) = loops.Connect();
        var port = await LoopSystem.DoAsync(owner, context => LoopTests.Attach(context, ours));
        var run = new ActionRunnable(() =>
        {
            runs++;
            Thread.SpinWait(20);
        });
        var posters = Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () =>
            {
                // as much as the loop does, and more, but no memory without end
                for (var posts = 0; posts < 3_000_000 && !read.Task.IsCompleted; posts++)
                    port.Loop.Post(run);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        Assert.True(await Task.Run(() => SpinWait.SpinUntil(() => Volatile.Read(ref runs) > 10_000, Limit)));
        var before = Volatile.Read(ref runs);
        peer.Send("hello"u8);

        // counted where it is heard: this one may be woken much later
        var (count, until) = await read.Task.WaitAsync(Limit);
        await Task.WhenAll(posters);
        Assert.Equal(5, count);
        Assert.InRange(until - before, 0, 2_000_000);
        peer.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_child_with_the_dispatcher_of_its_parent_is_on_its_loop(bool portable)
    {
        await using var loops = new LoopSystem(portable, loops: 2);
        var parent = loops.Spawn(loop: 1);
        var child = await LoopSystem.DoAsync(parent, static context =>
            context.ActorOf(Props.Create(() => new LoopSystem.Doer()).WithDispatcher(context.Dispatcher.Id)));

        Assert.Same(
            await LoopSystem.DoAsync(parent, ReactorDispatcherConfigurator.LoopOf), await LoopSystem.DoAsync(child, ReactorDispatcherConfigurator.LoopOf));
    }
}
