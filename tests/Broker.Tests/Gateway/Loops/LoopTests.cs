using System.Diagnostics;
using Akka.Actor;
using Akka.Dispatch;
using Broker.Gateway.Loops;
using Xunit;

namespace Broker.Tests.Gateway.Loops;

public sealed class LoopTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whoever_posts_while_the_loop_falls_asleep_is_heard(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var loop = await LoopSystem.DoAsync(loops.Spawn(), ReactorDispatcherConfigurator.LoopOf);
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var heard = new TaskCompletionSource();
            loop.Post(new ActionRunnable(heard.SetResult));
            // about as long as the loop needs to fall asleep
            Thread.SpinWait(random.Next(400));
            await heard.Task.WaitAsync(Limit);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_several_threads_post_all_runs_and_that_of_one_in_its_order(bool portable)
    {
        const int Threads = 4, Posts = 25_000;
        await using var loops = new LoopSystem(portable);
        var loop = await LoopSystem.DoAsync(loops.Spawn(), ReactorDispatcherConfigurator.LoopOf);
        var (last, count, inOrder, running) = (new int[Threads], 0, true, 0);
        var all = new TaskCompletionSource();
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
        {
            for (var i = 1; i <= Posts; i++)
            {
                var number = i;
                loop.Post(new ActionRunnable(() =>
                {
                    // nothing on a loop runs at the same time
                    inOrder &= running++ == 0 && last[thread] == number - 1;
                    last[thread] = number;
                    running--;
                    if (++count == Threads * Posts)
                        all.SetResult();
                }));
            }
        })));
        await all.Task.WaitAsync(Limit);

        Assert.True(inOrder);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_actors_that_chat_without_end_do_not_keep_a_port_from_being_heard(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var (one, other) = (loops.System.ActorOf(Props.Create(() => new Chatter()).WithDispatcher(loops.Dispatchers[0])),
            loops.System.ActorOf(Props.Create(() => new Chatter()).WithDispatcher(loops.Dispatchers[0])));
        one.Tell("go", other);
        var (peer, ours) = loops.Connect();
        var read = new TaskCompletionSource<int>();
        var owner = loops.Spawn();
        owner.Tell(new LoopSystem.Doer.OnReady(port => read.TrySetResult(port.Read(new byte[8]))));
        await LoopSystem.DoAsync(owner, context => Attach(context, ours));
        peer.Send("hello"u8);

        Assert.Equal(5, await read.Task.WaitAsync(Limit));
        peer.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_throws_does_not_end_the_loop(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var actor = loops.Spawn();
        var loop = await LoopSystem.DoAsync(actor, ReactorDispatcherConfigurator.LoopOf);
        loop.Post(new ActionRunnable(() => throw new InvalidOperationException("on purpose")));

        Assert.True(await LoopSystem.DoAsync(actor, _ => true));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_one_actor_leaves_in_its_context_the_next_does_not_see(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var (one, other) = (loops.Spawn(), loops.Spawn());
        await LoopSystem.DoAsync(one, _ => Activity.Current = new Activity("of one").Start());

        Assert.Null(await LoopSystem.DoAsync(other, _ => Activity.Current));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Actors_on_a_loop_have_all_that_actors_have(bool portable)
    {
        await using var loops = new LoopSystem(portable, loops: 2);
        var heard = new System.Collections.Concurrent.BlockingCollection<string>();
        var watcher = loops.System.ActorOf(Props.Create(() => new Watcher(heard)).WithDispatcher(loops.Dispatchers[0]));
        var watched = loops.System.ActorOf(Props.Create(() => new Everything(heard)).WithDispatcher(loops.Dispatchers[1]));
        watcher.Tell(watched);
        Assert.Equal("watching", Next());
        watched.Tell("timer");
        Assert.Equal("timer 1", Next());
        watched.Tell("await");
        Assert.Equal("awaited 1 on loop True", Next());
        watched.Tell("idle");
        Assert.Equal("idle 1", Next());
        watched.Tell("throw");
        Assert.Equal("restarted 2", Next());
        watched.Tell(PoisonPill.Instance);
        Assert.Equal("stopped 2", Next());
        Assert.Equal("terminated", Next());

        string Next() => heard.TryTake(out var word, Limit) ? word : "nothing";
    }

    [Fact]
    public async Task An_actor_that_is_on_no_loop_is_told_so()
    {
        await using var loops = new LoopSystem(portable: false);
        var elsewhere = loops.System.ActorOf(Props.Create(() => new LoopSystem.Doer()));

        await Assert.ThrowsAsync<InvalidOperationException>(() => LoopSystem.DoAsync(elsewhere, ReactorDispatcherConfigurator.LoopOf));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_end_of_a_system_ends_its_threads_and_its_descriptors_each_time(bool portable)
    {
        for (var round = 0; round < 2; round++)
        {
            await using var loops = new LoopSystem(portable, loops: 3);
            var (peer, ours) = loops.Connect();
            await LoopSystem.DoAsync(loops.Spawn(), context => Attach(context, ours));
            await loops.System.Terminate();
            // the port that was left over is closed
            peer.ReceiveTimeout = 30_000;
            var error = Record.Exception(() => Assert.Equal(0, peer.Receive(new byte[1])));
            Assert.True(error is null or System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.ConnectionReset });
            peer.Dispose();
        }
    }

    [Fact]
    public async Task A_loop_that_is_stuck_is_named_with_what_it_runs()
    {
        var turn = new TurnInProgress();
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var loops = new LoopSystem(portable: false);
        var warnings = new List<string>();
        var log = new CollectingLog(warnings);
        using var watch = new StallWatch("one", turn, TimeSpan.FromMilliseconds(1), log, time);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(warnings);

        turn.Begins();
        turn.Runs(new ActionRunnable(static () => { }));
        while (turn.Lasts() < TimeSpan.FromMilliseconds(2))
            Thread.SpinWait(1_000);
        time.Advance(TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains(nameof(ActionRunnable), Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_actor_that_holds_its_loop_is_named()
    {
        await using var loops = new LoopSystem(portable: false);
        var loop = (EpollLoop)((ReactorDispatcherConfigurator)loops.System.Dispatchers.Lookup(loops.Dispatchers[0]).Configurator).Loop;
        var actor = loops.System.ActorOf(Props.Create(() => new LoopSystem.Doer()).WithDispatcher(loops.Dispatchers[0]), "slow");

        var what = await LoopSystem.DoAsync(actor, _ => loop.Turn.What());

        Assert.Equal("Doer /user/slow", what);
    }

    internal static Port Attach(IActorContext context, System.Net.Sockets.Socket socket)
    {
        var port = new Port(socket, ReactorDispatcherConfigurator.LoopOf(context), context.Self);
        port.Attach();
        return port;
    }

    private sealed class Chatter : UntypedActor
    {
        protected override void OnReceive(object message) => Sender.Tell(message);
    }

    private sealed class Watcher(System.Collections.Concurrent.BlockingCollection<string> heard) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case IActorRef watched:
                    Context.Watch(watched);
                    heard.Add("watching");
                    break;
                case Terminated:
                    heard.Add("terminated");
                    break;
            }
        }
    }

    private sealed class Everything : ReceiveActor, IWithTimers
    {
        private int _life = 1;

        public Everything(System.Collections.Concurrent.BlockingCollection<string> heard)
        {
            Receive<string>(word => word == "timer", _ => Timers.StartSingleTimer("t", 1, TimeSpan.FromMilliseconds(5)));
            Receive<int>(_ => heard.Add($"timer {_life}"));
            ReceiveAsync<string>(word => word == "await", async _ =>
            {
                var loop = ReactorDispatcherConfigurator.LoopOf(Context);
                await Task.Delay(1);
                heard.Add($"awaited {_life} on loop {loop.IsCurrent}");
            });
            Receive<string>(word => word == "idle", _ => SetReceiveTimeout(TimeSpan.FromMilliseconds(5)));
            Receive<ReceiveTimeout>(_ =>
            {
                SetReceiveTimeout(null);
                heard.Add($"idle {_life}");
            });
            Receive<string>(word => word == "throw", _ => throw new InvalidOperationException("on purpose"));
            Receive<Restarted>(_ => heard.Add($"restarted {_life = 2}"));
            Heard = heard;
        }

        public ITimerScheduler Timers { get; set; } = null!;

        private System.Collections.Concurrent.BlockingCollection<string> Heard { get; }

        protected override void PostRestart(Exception reason) => Self.Tell(Restarted.Instance);

        protected override void PostStop() => Heard.Add($"stopped {_life}");

        protected override void PreRestart(Exception reason, object message)
        {
        }

        private sealed record Restarted
        {
            internal static Restarted Instance { get; } = new();
        }
    }
}
