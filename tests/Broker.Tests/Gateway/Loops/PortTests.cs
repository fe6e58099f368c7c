using System.Globalization;
using System.Net.Sockets;
using Akka.Actor;
using Broker.Gateway.Loops;
using Broker.Tests.Platforms;
using Xunit;

namespace Broker.Tests.Gateway.Loops;

public sealed class PortTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Data_and_the_end_in_one_event_are_both_read(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var (peer, ours) = loops.Connect();
        peer.Send("last words"u8);
        peer.Dispose();
        var (owner, read) = Reader(loops);

        await LoopSystem.DoAsync(owner, context => LoopTests.Attach(context, ours));

        Assert.Equal("last words", System.Text.Encoding.ASCII.GetString(await read.WaitAsync(Limit)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_slow_reader_does_not_take_is_kept_and_comes_whole(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var (peer, ours) = loops.Connect();
        var owner = loops.Spawn();
        var empty = new TaskCompletionSource();
        owner.Tell(new LoopSystem.Doer.OnReady(port =>
        {
            if (port.Backlog == 0)
                empty.TrySetResult();
        }));
        var sent = new byte[8 * 1024 * 1024];
        new Random(1).NextBytes(sent);
        var port = await LoopSystem.DoAsync(owner, context => LoopTests.Attach(context, ours));

        var backlog = await LoopSystem.DoAsync(owner, _ =>
        {
            for (var at = 0; at < sent.Length; at += 100_000)
                Assert.True(port.Write(sent.AsSpan(at, Math.Min(100_000, sent.Length - at))));
            return port.Backlog;
        });
        Assert.True(backlog > 0);
        var received = new byte[sent.Length];
        var length = 0;
        while (length < received.Length && await peer.ReceiveAsync(received.AsMemory(length)) is var count && count > 0)
            length += count;

        Assert.Equal(sent, received);
        await empty.Task.WaitAsync(Limit);
        peer.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_peer_that_is_not_read_is_held_back_and_goes_on_when_it_is(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var (peer, ours) = loops.Connect();
        var owner = loops.Spawn();
        var ready = new TaskCompletionSource();
        owner.Tell(new LoopSystem.Doer.OnReady(_ => ready.TrySetResult()));
        var port = await LoopSystem.DoAsync(owner, context => LoopTests.Attach(context, ours));
        peer.Blocking = false;
        long sent = 0;
        var chunk = new byte[64 * 1024];
        var error = SocketError.Success;
        while (error == SocketError.Success)
            sent += peer.Send(chunk, SocketFlags.None, out error);
        await ready.Task.WaitAsync(Limit);
        Assert.Equal(SocketError.WouldBlock, error);

        // the owner looked once and read nothing: it goes on by itself
        var read = 0L;
        var done = new TaskCompletionSource();
        owner.Tell(new LoopSystem.Doer.OnReady(readable =>
        {
            read += Math.Max(0, readable.Read(new byte[1_000]));
            if (read == sent)
                done.TrySetResult();
            else if (readable.IsReadable)
                readable.Signal();
        }));
        await LoopSystem.DoAsync(owner, _ =>
        {
            port.Signal();
            return true;
        });

        await done.Task.WaitAsync(Limit);
        peer.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_peer_that_resets_is_heard_while_the_port_has_a_backlog(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var (peer, ours) = loops.Connect();
        var owner = loops.Spawn();
        var over = new TaskCompletionSource();
        owner.Tell(new LoopSystem.Doer.OnReady(ready =>
        {
            if (ready.Read(new byte[8]) < 0)
                over.TrySetResult();
        }));
        var port = await LoopSystem.DoAsync(owner, context => LoopTests.Attach(context, ours));
        await LoopSystem.DoAsync(owner, _ => port.Write(new byte[16 * 1024 * 1024]));
        peer.LingerState = new(true, 0);
        peer.Dispose();

        await over.Task.WaitAsync(Limit);
        await LoopSystem.DoAsync(owner, _ =>
        {
            port.Close();
            port.Close();
            return port.IsClosed;
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_port_connects_without_waiting_and_says_when_nobody_listens(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var owner = loops.Spawn();
        var result = new System.Collections.Concurrent.BlockingCollection<SocketError?>();
        owner.Tell(new LoopSystem.Doer.OnReady(port =>
        {
            if (port.IsWritable)
                result.Add(port.ConnectError());
        }));
        var nobody = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 1);

        await LoopSystem.DoAsync(owner, context => Connect(context, loops.Address));
        Assert.True(result.TryTake(out var error, Limit));
        Assert.Null(error);
        await LoopSystem.DoAsync(owner, context => Connect(context, nobody));
        Assert.True(result.TryTake(out error, Limit));
        Assert.Equal(SocketError.ConnectionRefused, error);
    }

    [Fact]
    public async Task An_event_of_a_closed_port_does_not_reach_the_one_that_has_its_descriptor_now()
    {
        await using var loops = new LoopSystem(portable: false);
        var owner = loops.Spawn();
        var heard = new List<Port>();
        owner.Tell(new LoopSystem.Doer.OnReady(heard.Add));
        var reused = 0;
        for (var round = 0; round < 50; round++)
        {
            var (first, ours) = loops.Connect();
            var second = loops.Dial();
            var next = await LoopSystem.DoAsync(owner, context =>
            {
                var closed = LoopTests.Attach(context, ours);
                var descriptor = closed.Descriptor;
                first.Send("x"u8);
                closed.Close();
                // takes the lowest descriptor that is free: that of the closed one, unless another thread was faster
                var port = LoopTests.Attach(context, loops.Accept());
                reused += port.Descriptor == descriptor ? 1 : 0;
                return port;
            });
            second.Send("y"u8);
            while (await LoopSystem.DoAsync(owner, _ => heard.Count) == 0)
                await Task.Yield();

            Assert.All(await LoopSystem.DoAsync(owner, _ => heard.ToArray()), port => Assert.Same(next, port));
            await LoopSystem.DoAsync(owner, _ =>
            {
                next.Close();
                heard.Clear();
                return true;
            });
            first.Dispose();
            second.Dispose();
        }

        Assert.NotEqual(0, reused);
    }

    [LinuxFact]
    public async Task No_socket_of_a_port_is_watched_by_NETs_own_engine()
    {
        await using var loops = new LoopSystem(portable: false);
        var owner = loops.Spawn();
        var read = new TaskCompletionSource();
        owner.Tell(new LoopSystem.Doer.OnReady(port =>
        {
            if (port.Read(new byte[8]) > 0)
                read.TrySetResult();
        }));
        var (peer, ours) = loops.Connect();
        var port = await LoopSystem.DoAsync(owner, context => LoopTests.Attach(context, ours));
        var connecting = await LoopSystem.DoAsync(owner, context => Connect(context, loops.Address));
        peer.Send("hello"u8);
        await read.Task.WaitAsync(Limit);
        await LoopSystem.DoAsync(owner, _ => port.Write("answer"u8));

        int[] descriptors = [port.Descriptor, connecting.Descriptor];
        var watchers = Directory.GetFiles("/proc/self/fdinfo").Select(ReadIfThere).Count(info => descriptors.Any(descriptor => Watches(info, descriptor)));

        // each by its own loop, and by nobody else
        Assert.Equal(1, watchers);
        peer.Dispose();
    }

    /// <summary>Ports wander between two loops and among actors that crash, while peers echo: no byte is wrong and none is lost.</summary>
    [Fact]
    public async Task A_port_may_move_between_loops_at_any_moment_and_loses_nothing()
    {
        const int Moves = 500;
        await using var loops = new LoopSystem(portable: false, loops: 2);
        IActorRef[] owners = [loops.Spawn(0), loops.Spawn(1)];
        var all = await Task.WhenAll(owners.Select(owner => LoopSystem.DoAsync(owner, ReactorDispatcherConfigurator.LoopOf)));
        var received = new List<byte>();
        var enough = new TaskCompletionSource();
        var (peer, ours) = loops.Connect();
        foreach (var owner in owners)
        {
            owner.Tell(new LoopSystem.Doer.OnReady(ready =>
            {
                var buffer = new byte[7];
                while (ready.Read(buffer) is var count && count > 0)
                    received.AddRange(buffer.AsSpan(0, count));
                if (received.Count == Moves)
                    enough.TrySetResult();
            }));
        }
        var port = await LoopSystem.DoAsync(owners[0], context => LoopTests.Attach(context, ours));
        for (var move = 0; move < Moves; move++)
        {
            peer.Send([(byte)move]);
            var (from, to) = (move % 2, (move + 1) % 2);
            await LoopSystem.DoAsync(owners[from], _ =>
            {
                port.MoveTo(all[to], owners[to]);
                return true;
            });
            await LoopSystem.DoAsync(owners[to], _ =>
            {
                port.Attach();
                return true;
            });
        }

        await enough.Task.WaitAsync(Limit);
        Assert.Equal(Enumerable.Range(0, Moves).Select(static i => (byte)i), received);
        peer.Dispose();
    }

    private static (IActorRef Owner, Task<byte[]> Read) Reader(LoopSystem loops)
    {
        var (owner, all, done) = (loops.Spawn(), new List<byte>(), new TaskCompletionSource<byte[]>());
        owner.Tell(new LoopSystem.Doer.OnReady(port =>
        {
            var buffer = new byte[4];
            int count;
            while ((count = port.Read(buffer)) > 0)
                all.AddRange(buffer.AsSpan(0, count));
            if (count < 0)
                done.TrySetResult([.. all]);
        }));
        return (owner, done.Task);
    }

    private static Port Connect(IActorContext context, System.Net.EndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        try
        {
            socket.Connect(address);
        }
        catch (SocketException waits) when (waits.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // heard of when it is done
        }
        var port = new Port(socket, ReactorDispatcherConfigurator.LoopOf(context), context.Self);
        port.Attach(connecting: true);
        return port;
    }

    private static bool Watches(string info, int descriptor) => info.Split('\n').Any(line =>
        line.StartsWith("tfd:", StringComparison.Ordinal)
        && int.Parse(line[4..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture) == descriptor);

    private static string ReadIfThere(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
