using System.Net.Sockets;
using System.Runtime.InteropServices;
using Akka.Actor;
using Broker.Gateway.Loops;
using Xunit;

namespace Broker.Tests.Gateway.Loops;

/// <summary>Ports that are closed at the wrong moment harm nobody, and idle ones cost nothing.</summary>
public sealed class PortClosingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_port_that_was_never_attached_takes_no_other_one_with_it(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var (peer, ours) = loops.Connect();
        var (otherPeer, other) = loops.Connect();
        var (owner, heard) = Listener(loops);
        var port = await LoopSystem.DoAsync(owner, context =>
        {
            var attached = LoopTests.Attach(context, ours);
            new Port(other, attached.Loop, context.Self).Close();
            return attached;
        });
        peer.Send("x"u8);

        Assert.Same(port, await heard.WaitAsync(Limit));
        Assert.Equal(0, otherPeer.Receive(new byte[1]));
        peer.Dispose();
        otherPeer.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_port_that_is_closed_on_its_way_to_another_loop_takes_no_other_one_with_it(bool portable)
    {
        await using var loops = new LoopSystem(portable, loops: 2);
        var (peer, ours) = loops.Connect();
        var (_, moving) = loops.Connect();
        var (there, heard) = Listener(loops, loop: 1);
        var here = loops.Spawn(loop: 0);
        var port = await LoopSystem.DoAsync(there, context => LoopTests.Attach(context, ours));
        var moved = await LoopSystem.DoAsync(here, context =>
        {
            var leaving = LoopTests.Attach(context, moving);
            leaving.MoveTo(port.Loop, there);
            return leaving;
        });
        await LoopSystem.DoAsync(there, _ =>
        {
            moved.Close();
            return true;
        });
        peer.Send("x"u8);

        Assert.Same(port, await heard.WaitAsync(Limit));
        peer.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_port_that_is_closed_says_so_to_whoever_still_uses_it(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var (peer, ours) = loops.Connect();
        var owner = loops.Spawn();
        var looked = new TaskCompletionSource<Port>(TaskCreationOptions.RunContinuationsAsynchronously);
        owner.Tell(new LoopSystem.Doer.OnReady(looked.SetResult));
        await LoopSystem.DoAsync(owner, context => LoopTests.Attach(context, ours));
        peer.Send("x"u8);
        var port = await looked.Task.WaitAsync(Limit);

        var (read, written, backlog) = await LoopSystem.DoAsync(owner, context =>
        {
            // its owner has left it unread, and the message that it is ready may be on its way still
            port.Close();
            port.Signal();
            port.GiveTo(context.Self);
            return (port.Read(new byte[8]), port.Write("y"u8), port.Backlog);
        });

        Assert.Equal((-1, false, 0), (read, written, backlog));
        peer.Dispose();
    }

    [Fact]
    public async Task A_copy_of_its_descriptor_elsewhere_does_not_let_a_closed_port_be_heard()
    {
        await using var loops = new LoopSystem(portable: false);
        var (peer, ours) = loops.Connect();
        var owner = loops.Spawn();
        var heard = new System.Collections.Concurrent.BlockingCollection<Port>();
        owner.Tell(new LoopSystem.Doer.OnReady(heard.Add));
        var copy = dup((int)ours.Handle);
        Assert.True(copy >= 0);
        var next = await LoopSystem.DoAsync(owner, context =>
        {
            LoopTests.Attach(context, ours).Close();
            return LoopTests.Attach(context, loops.Connect().Ours);
        });
        peer.Send("x"u8);
        var (second, another) = loops.Connect();
        second.Send("y"u8);
        var last = await LoopSystem.DoAsync(owner, context => LoopTests.Attach(context, another));

        Assert.True(heard.TryTake(out var first, Limit));
        Assert.Same(last, first);
        Assert.Empty(heard);
        await LoopSystem.DoAsync(owner, _ =>
        {
            next.Close();
            return true;
        });
        Assert.Equal(0, close(copy));
        peer.Dispose();
        second.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_port_is_closed_while_it_is_held_back_and_its_peer_hears_of_it(bool portable)
    {
        await using var loops = new LoopSystem(portable);
        var (peer, ours) = loops.Connect();
        var (owner, heard) = Listener(loops);
        await LoopSystem.DoAsync(owner, context => LoopTests.Attach(context, ours));
        peer.Send(new byte[100_000]);
        var port = await heard.WaitAsync(Limit);
        await LoopSystem.DoAsync(owner, _ =>
        {
            port.Close();
            return true;
        });

        // unread bytes make it a reset
        var error = Record.Exception(() => Assert.Equal(0, peer.Receive(new byte[1])));
        Assert.True(error is null or SocketException { SocketErrorCode: SocketError.ConnectionReset });
        Assert.True(await LoopSystem.DoAsync(owner, _ => port.IsClosed));
        peer.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_port_with_much_to_read_lets_others_on_between_two_looks(bool portable)
    {
        const int Looks = 40, Budget = 1_000;
        await using var loops = new LoopSystem(portable);
        var (first, ours) = loops.Connect();
        var (second, others) = loops.Connect();
        first.Send(new byte[2 * Looks * Budget]);
        second.Send(new byte[2 * Looks * Budget]);
        var (one, other) = (loops.Spawn(), loops.Spawn());
        var order = new List<Port>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isOpen = false;
        void Look(Port port)
        {
            if (!isOpen)
                return;
            Assert.Equal(Budget, port.Read(new byte[Budget]));
            order.Add(port);
            if (order.Count == 2 * Looks)
                done.SetResult();
            else if (order.Count < 2 * Looks)
                port.Signal();
        }
        one.Tell(new LoopSystem.Doer.OnReady(Look));
        other.Tell(new LoopSystem.Doer.OnReady(Look));
        var port = await LoopSystem.DoAsync(one, context => LoopTests.Attach(context, ours));
        var neighbour = await LoopSystem.DoAsync(other, context => LoopTests.Attach(context, others));
        while (!await LoopSystem.DoAsync(one, _ => port.IsReadable && neighbour.IsReadable))
            await Task.Yield();

        await LoopSystem.DoAsync(one, _ =>
        {
            isOpen = true;
            port.Signal();
            neighbour.Signal();
            return true;
        });
        await done.Task.WaitAsync(Limit);

        var longest = 1;
        for (var (i, length) = (1, 1); i < order.Count; i++)
        {
            length = order[i] == order[i - 1] ? length + 1 : 1;
            longest = Math.Max(longest, length);
        }
        Assert.InRange(longest, 1, 2);
        first.Dispose();
        second.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_thousand_idle_ports_hold_no_buffer(bool portable)
    {
        const int Ports = 1_000, Bytes = 200_000;
        await using var loops = new LoopSystem(portable);
        var owner = loops.Spawn();
        var empty = new System.Collections.Concurrent.BlockingCollection<Port>();
        owner.Tell(new LoopSystem.Doer.OnReady(port =>
        {
            if (port.Backlog == 0)
                empty.Add(port);
        }));
        var peers = new List<Socket>();
        var all = new List<Port>();
        for (var i = 0; i < Ports; i++)
        {
            var (peer, ours) = loops.Connect();
            peers.Add(peer);
            all.Add(await LoopSystem.DoAsync(owner, context => LoopTests.Attach(context, ours)));
        }
        var buffer = new byte[64 * 1024];
        for (var i = 0; i < Ports; i++)
        {
            var port = all[i];
            // more than the socket takes at once, until there is a backlog
            var sent = await LoopSystem.DoAsync(owner, _ =>
            {
                var written = 0;
                for (; port.Backlog < Bytes; written += Bytes)
                    Assert.True(port.Write(new byte[Bytes]));
                return written;
            });
            while (sent > 0)
                sent -= peers[i].Receive(buffer);
            Assert.True(empty.TryTake(out var idle, Limit));
            Assert.Same(port, idle);
        }

        Assert.All(await LoopSystem.DoAsync(owner, _ => all.ConvertAll(static port => port.Buffer)), static buffer => Assert.Equal(0, buffer));
        peers.ForEach(static peer => peer.Dispose());
    }

    private static (IActorRef Owner, Task<Port> Heard) Listener(LoopSystem loops, int loop = 0)
    {
        var owner = loops.Spawn(loop);
        var heard = new TaskCompletionSource<Port>(TaskCreationOptions.RunContinuationsAsynchronously);
        owner.Tell(new LoopSystem.Doer.OnReady(port => heard.TrySetResult(port)));
        return (owner, heard.Task);
    }

    [DllImport("libc")]
    private static extern int dup(int descriptor);

    [DllImport("libc")]
    private static extern int close(int descriptor);
}
