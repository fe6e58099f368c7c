using System.Net.Sockets;
using Akka.Actor;
using Broker.Gateway.Loops;
using Xunit;

namespace Broker.Tests.Gateway.Loops;

/// <summary>
/// Ports that are lent among actors of a loop, as links are to clients: borrowers finish, crash at any moment inside a lease, or return late,
/// while peers echo. No byte reaches a wrong one, none is lost, and nobody waits for ever.
/// </summary>
public sealed class LeaseTests
{
    private const int Leases = 300;
    private const int Links = 4;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    [InlineData(false, 2)]
    public async Task Borrowers_may_crash_inside_a_lease_or_return_it_late_and_no_byte_goes_astray(bool portable, int seed)
    {
        await using var loops = new LoopSystem(portable);
        var ends = Enumerable.Range(0, Links).Select(_ => loops.Connect()).ToArray();
        var echoes = Array.ConvertAll(ends, static end => EchoAsync(end.Peer));
        var results = ends.Select((end, i) =>
        {
            var done = new TaskCompletionSource<Tally>(TaskCreationOptions.RunContinuationsAsynchronously);
            loops.System.ActorOf(Props.Create(() => new Link(end.Ours, new Random((seed * 100) + i), done)).WithDispatcher(loops.Dispatchers[0]));
            return done.Task;
        });

        var tallies = await Task.WhenAll(results).WaitAsync(Limit);

        Assert.All(tallies, static tally =>
        {
            Assert.Equal(Leases, tally.Finished + tally.Crashed);
            // chance has left nothing out
            Assert.True(tally is { Finished: > 0, Crashed: > 0, Late: > 0, StaleSignals: > 0 }, tally.ToString());
        });
        await loops.System.Terminate();
        await Task.WhenAll(echoes).WaitAsync(Limit);
    }

    private static async Task EchoAsync(Socket peer)
    {
        var buffer = new byte[97];
        try
        {
            while (await peer.ReceiveAsync(buffer) is var count && count > 0)
                for (var rest = buffer.AsMemory(0, count); rest.Length > 0;)
                    rest = rest[await peer.SendAsync(rest)..];
        }
        catch (SocketException)
        {
            // the end of the system may reset it
        }
        peer.Dispose();
    }

    private static void Try(Action what, TaskCompletionSource<Tally> done)
    {
        try
        {
            what();
        }
        catch (Exception exception) when (exception is not CrashOnPurposeException)
        {
            done.TrySetException(exception);
            throw;
        }
    }

    private sealed class CrashOnPurposeException : Exception;

    private sealed record Tally(int Finished, int Crashed, int Late, int StaleSignals);

    /// <summary>What both sides know of it; only ever touched on the loop.</summary>
    private sealed class Lease(int id, Port port)
    {
        internal int Id => id;

        internal Port Port => port;

        internal int Outstanding { get; set; }
    }

    private sealed record LinkLent(Lease Lease);

    private sealed record ReturnLink(int LeaseId);

    /// <summary>Lends its port to one after the other. What a crashed one has left unread, it reads away before the next.</summary>
    private sealed class Link(Socket socket, Random random, TaskCompletionSource<Tally> done) : UntypedActor
    {
        private Tally _tally = new(0, 0, 0, 0);
        private Port _port = null!;
        private Lease? _lease;
        private IActorRef? _borrower;
        private int _next = 1;
        private int _toDrain;

        protected override void PreStart()
        {
            _port = LoopTests.Attach(Context, socket);
            Lend();
        }

        protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

        protected override void OnReceive(object message) => Try(() => Hear(message), done);

        private void Hear(object message)
        {
            switch (message)
            {
                case PortReady { Port: var port } when !port.Owner.Equals(Self):
                    _tally = _tally with { StaleSignals = _tally.StaleSignals + 1 };
                    break;
                case PortReady { Port: var port }:
                    port.Look();
                    Drain();
                    break;
                case ReturnLink { LeaseId: var id } when id == _lease?.Id:
                    Assert.Equal(0, _lease.Outstanding);
                    _tally = _tally with { Finished = _tally.Finished + 1 };
                    TakeBack();
                    break;
                case ReturnLink:
                    _tally = _tally with { Late = _tally.Late + 1 };
                    break;
                case Terminated { ActorRef: var gone } when gone.Equals(_borrower):
                    _tally = _tally with { Crashed = _tally.Crashed + 1 };
                    _toDrain = _lease!.Outstanding;
                    TakeBack();
                    break;
            }
        }

        protected override void PostStop() => _port.Close();

        private void TakeBack()
        {
            (_lease, _borrower) = (null, null);
            if (!_port.Owner.Equals(Self))
                _port.GiveTo(Self);
            Drain();
        }

        private void Drain()
        {
            if (_lease is not null)
                return;
            var buffer = new byte[5];
            while (_toDrain > 0 && _port.Read(buffer.AsSpan(0, Math.Min(buffer.Length, _toDrain))) is var count && count != 0)
            {
                Assert.True(count > 0);
                _toDrain -= count;
            }
            if (_toDrain == 0)
                Lend();
        }

        private void Lend()
        {
            if (_next > Leases)
            {
                done.TrySetResult(_tally);
                return;
            }
            _lease = new(_next++, _port);
            _borrower = Context.ActorOf(Props.Create(() => new Borrower(new Random(random.Next()), done)).WithDispatcher(Context.Dispatcher.Id));
            Context.Watch(_borrower);
            _borrower.Tell(new LinkLent(_lease));
            // before it knows: what is ready is told it once it does
            _port.GiveTo(_borrower);
        }
    }

    /// <summary>Writes, and reads its own bytes back; or crashes.</summary>
    private sealed class Borrower(Random random, TaskCompletionSource<Tally> done) : UntypedActor
    {
        private readonly int _crashAt = random.Next(8);
        private readonly List<byte> _got = [];
        private byte[] _sent = [];
        private Lease? _lease;

        protected override void OnReceive(object message) => Try(() => Hear(message), done);

        private void Hear(object message)
        {
            switch (message)
            {
                case LinkLent(var lease):
                    _lease = lease;
                    Crash(at: 0);
                    _sent = new byte[random.Next(1, 400)];
                    random.NextBytes(_sent);
                    _lease.Outstanding = _sent.Length;
                    Assert.True(_lease.Port.Write(_sent));
                    Crash(at: 1);
                    break;
                case PortReady { Port: var port } when port.Owner.Equals(Self):
                    port.Look();
                    Read(port);
                    break;
            }
        }

        protected override void PostStop()
        {
            // late: the link knows already, or will not believe it
            if (_lease is { } lease && lease.Outstanding > 0)
                Context.Parent.Tell(new ReturnLink(-lease.Id));
        }

        private void Read(Port port)
        {
            var buffer = new byte[random.Next(1, 60)];
            var count = port.Read(buffer);
            Assert.True(count >= 0);
            _got.AddRange(buffer.AsSpan(0, count));
            _lease!.Outstanding -= count;
            Assert.Equal(_sent.AsSpan(0, _got.Count), System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_got));
            if (_lease.Outstanding == 0)
            {
                Return(port);
                return;
            }
            Crash(at: 2);
            if (port.IsReadable)
                port.Signal();
        }

        private void Return(Port port)
        {
            // a signal that is still on its way finds another owner
            if (random.Next(2) == 0)
                port.Signal();
            port.GiveTo(Context.Parent);
            Context.Parent.Tell(new ReturnLink(_lease!.Id));
            if (random.Next(3) == 0)
                Context.Parent.Tell(new ReturnLink(_lease.Id));
            Context.Stop(Self);
        }

        private void Crash(int at)
        {
            if (_crashAt == at && (at < 2 || random.Next(3) == 0))
                throw new CrashOnPurposeException();
        }
    }
}
