using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Broker.Gateway.Loops;

namespace Broker.Tests.Gateway.Loops;

/// <summary>An actor system with loops, and sockets for them.</summary>
internal sealed class LoopSystem : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    internal LoopSystem(bool portable, int loops = 1)
    {
        System = ActorSystem.Create("loops", "akka { loglevel = WARNING, stdout-loglevel = OFF, loggers = [\"Akka.TestKit.TestEventListener, Akka.TestKit\"] }");
        Dispatchers = [.. Reactors.Of(System).Start(loops, portable)];
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(4_096);
    }

    internal ActorSystem System { get; }

    internal string[] Dispatchers { get; }

    /// <summary>An actor on a loop that does what it is told.</summary>
    internal IActorRef Spawn(int loop = 0) => System.ActorOf(Props.Create(() => new Doer()).WithDispatcher(Dispatchers[loop]));

    /// <summary>Has an actor do something and waits for it.</summary>
    internal static async Task<T> DoAsync<T>(IActorRef actor, Func<IActorContext, T> what)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        actor.Tell(new Doer.Do(context =>
        {
            try
            {
                done.SetResult(what(context));
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }));
        return await done.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Two ends of a connection; the second is for a port.</summary>
    internal (Socket Peer, Socket Ours) Connect() => (Dial(), Accept());

    /// <summary>The first end only.</summary>
    internal Socket Dial()
    {
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        peer.Connect(Address);
        return peer;
    }

    /// <summary>The second end of the oldest that was dialled.</summary>
    internal Socket Accept() => _listener.Accept();

    internal EndPoint Address => _listener.LocalEndPoint!;

    public async ValueTask DisposeAsync()
    {
        await System.Terminate();
        _listener.Dispose();
    }

    /// <summary>Runs what it is told, in its own context, and what was set for its ports.</summary>
    internal sealed class Doer : UntypedActor
    {
        internal sealed record Do(Action<IActorContext> What);

        internal sealed record OnReady(Action<Port> What);

        private Action<Port> _onReady = static _ => { };

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case Do(var what):
                    what(Context);
                    break;
                case OnReady(var what):
                    _onReady = what;
                    break;
                case PortReady(var port):
                    if (port.Owner.Equals(Self))
                    {
                        port.Look();
                        _onReady(port);
                    }
                    break;
            }
        }
    }
}
