using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Broker.Client.Remote;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Tests.Remote.Transport;

/// <summary>A broker whose door echoes, clients of it on loopback sockets, and all that either logged.</summary>
public abstract class Wires : IAsyncLifetime
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly ConcurrentBag<ActorSystem> _systems = [];

    internal ListeningEnd Door { get; private set; } = null!;

    internal ActorSystem Broker { get; private set; } = null!;

    /// <summary>Who is below <c>/user/other</c>, which nobody may reach, heard this.</summary>
    internal Heard AtOther { get; } = new();

    /// <summary>What the echoing actor heard.</summary>
    internal Heard AtDoor { get; } = new();

    /// <summary>What the broker warned of.</summary>
    internal Heard Warnings { get; } = new();

    public virtual Task InitializeAsync()
    {
        Open(new ListeningEnd(new(IPAddress.Loopback, 0), null, SaidSerializer.Format, "/user/door"));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await Task.WhenAll(_systems.Select(static system => system.Terminate()));

    internal void Open(ListeningEnd door)
    {
        Listen(door);
        LetIn();
    }

    /// <summary>Listens, and has nobody yet who could be reached.</summary>
    internal void Listen(ListeningEnd door)
    {
        Door = door;
        Broker = Kept(RemoteSystems.Listen(RemoteSystems.DefaultName, door, Quiet));
    }

    internal void LetIn()
    {
        Broker.EventStream.Subscribe(Broker.ActorOf(Props.Create(() => new Listening(Warnings)), "warnings"), typeof(Warning));
        Broker.ActorOf(Props.Create(() => new Echoing(AtDoor)), "door");
        Broker.ActorOf(Props.Create(() => new Listening(AtOther)), "other");
        Door.LetIn();
    }

    internal ConnectingEnd Client(TlsEnd? tls = null) => new([Door.BoundTo!], tls, SaidSerializer.Format);

    internal ActorSystem Connect(ConnectingEnd end, string? name = null) =>
        Kept(RemoteSystems.Connect(name ?? $"client-{Guid.NewGuid():N}", end, Quiet));

    internal (ConnectingEnd End, IActorRef Door, Caller Caller) Connect(TlsEnd? tls = null, string? name = null)
    {
        var end = Client(tls);
        var system = Connect(end, name);
        return (end, RemoteSystems.Resolve(system, "/user/door"), new(system));
    }

    internal ActorSystem Kept(ActorSystem system)
    {
        _systems.Add(system);
        return system;
    }

    /// <summary>A client that was not there before gets its echo: the broker is up.</summary>
    internal async Task AssertStillAnswers()
    {
        var (_, door, caller) = Connect();
        door.Tell(new Said("still there?"), caller.Ref);
        Assert.Equal("still there?", await caller.Next());
    }

    /// <summary>Waits for what another thread brings about.</summary>
    internal static Task Until(Func<bool> come) => UntilAsync(() => Task.FromResult(come()));

    internal static async Task UntilAsync(Func<Task<bool>> come)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await come())
        {
            await Task.Delay(5, limit.Token);
        }
    }

    internal static Config Quiet { get; } = ConfigurationFactory.ParseString("""
        akka { loglevel = WARNING, stdout-loglevel = OFF, loggers = ["Akka.TestKit.TestEventListener, Akka.TestKit"] }
        """);

    /// <summary>What somebody heard, in order.</summary>
    internal sealed class Heard
    {
        private readonly Channel<object> _heard = Channel.CreateUnbounded<object>();

        public void Add(object message) => _heard.Writer.TryWrite(message);

        public bool IsEmpty => _heard.Reader.Count == 0;

        public async Task<object> Next()
        {
            using var limit = new CancellationTokenSource(Patience);
            return await _heard.Reader.ReadAsync(limit.Token);
        }

        /// <summary>The first whose text has that in it.</summary>
        public async Task<string> Next(string part)
        {
            while (true)
            {
                if ((await Next()).ToString() is { } text && text.Contains(part, StringComparison.OrdinalIgnoreCase))
                {
                    return text;
                }
            }
        }
    }

    /// <summary>An actor of a client that hears the answers.</summary>
    internal sealed class Caller
    {
        public Caller(ActorSystem system) => (System, Ref) = (system, system.ActorOf(Props.Create(() => new Listening(Heard))));

        public ActorSystem System { get; }

        public IActorRef Ref { get; }

        public Heard Heard { get; } = new();

        public async Task<string> Next() => ((Said)await Heard.Next()).Text;
    }

    private sealed class Listening : UntypedActor
    {
        private readonly Heard _heard;

        public Listening(Heard heard) => _heard = heard;

        protected override void OnReceive(object message) => _heard.Add(message);
    }

    private sealed class Echoing : UntypedActor
    {
        private readonly Heard _heard;

        public Echoing(Heard heard) => _heard = heard;

        protected override void OnReceive(object message)
        {
            _heard.Add(message);
            Sender.Tell(message, Self);
        }
    }
}
