using System.Threading.Channels;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote;
using Broker.Client.Remote.Frames;
using Broker.Client.Remote.Links;
using Broker.Client.Remote.Transport;

namespace Broker.Tests.Doors;

/// <summary>A peer that speaks the transport and the login, and otherwise does what its test wants: it has no manners of its own.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Channel<(object Message, IActorRef Sender)> _heard = Channel.CreateUnbounded<(object, IActorRef)>();
    private readonly OutgoingFrames _frames = new();
    private readonly LinkCodec _codec = new(new Numbers());
    private readonly ActorSystem _system;
    private readonly IActorRef _ear;
    private long _lane;
    private long _taken;

    internal RawClient(string address)
    {
        var uri = new Uri(address);
        End = new([new System.Net.DnsEndPoint(uri.Host, uri.Port)], null, BrokerWire.Format);
        _system = RemoteSystems.Connect($"c{Guid.NewGuid():N}", End);
        var heard = _heard.Writer;
        _ear = _system.ActorOf(Props.Create(() => new Ear(heard)));
        Door = At(BrokerWire.DoorPath);
    }

    /// <summary>Its connection; says when and why it ended.</summary>
    internal ConnectingEnd End { get; }

    internal IActorRef Door { get; }

    /// <summary>The broker's end of its link, once it is in.</summary>
    internal IActorRef Gate { get; private set; } = ActorRefs.Nobody;

    internal ClientId Id { get; private set; } = ClientId.Draw();

    /// <summary>An actor of the door's system.</summary>
    internal IActorRef At(string path) => RemoteSystems.Resolve(_system, path);

    internal void Tell(IActorRef to, object message) => to.Tell(message, _ear);

    /// <summary>Logs in, as a new client or as one that there is.</summary>
    /// <param name="user">Who it says it is.</param>
    /// <param name="password">What it proves that with.</param>
    /// <param name="resumes">Whom it goes on for; null: for whom it did before.</param>
    /// <param name="last">What it says on its old link just before it proves who it is.</param>
    /// <returns>What it was told: <see cref="Admitted"/>, or <see cref="Refused"/>.</returns>
    internal async Task<object> LoginAsync(string user = "ann", string password = "secret", ClientId? resumes = null, object? last = null)
    {
        Id = resumes ?? Id;
        var knock = new Knock(new() { User = user, Password = password }, "broker", Id);
        Tell(Door, knock.Hello());
        var (challenged, login) = await HearAsync();
        if (challenged is not Challenged question)
        {
            return challenged;
        }
        var proof = knock.Prove(question, 0);
        if (last is not null)
        {
            Tell(Gate, last);
        }
        Tell(login, proof);
        var (told, gate) = await HearAsync();
        if (told is Admitted admitted)
        {
            Gate = gate;
            _taken = admitted.Resumed ? _taken : 0;
        }
        return told;
    }

    internal async Task<(object Message, IActorRef Sender)> HearAsync() => await _heard.Reader.ReadAsync().AsTask().WaitAsync(Limit);

    /// <summary>
    /// Waits for something of this type; all else is passed over, and so is a frame that comes again: those that are not acknowledged do, if
    /// a test takes longer than a heartbeat or two.
    /// </summary>
    internal async Task<T> HearAsync<T>() where T : class
    {
        while (true)
        {
            if ((await HearAsync()).Message is T wanted && IsNew(wanted))
            {
                return wanted;
            }
        }
    }

    private bool IsNew(object heard)
    {
        if (heard is not LinkFrame { Sequence: not 0 } frame)
        {
            return true;
        }
        if (frame.Sequence <= _taken)
        {
            return false;
        }
        _taken = frame.Sequence;
        return true;
    }

    /// <summary>Sends a request in a frame that is in order.</summary>
    internal void Ask(long target, long caller, object request) => SendBytes(_codec.Request(target, caller, request));

    /// <summary>Sends requests in one frame, when they are small.</summary>
    internal void AskAll(params IEnumerable<(long Target, long Caller, object Request)> requests) =>
        SendAll(requests.Select(one => _codec.Request(one.Target, one.Caller, one.Request)));

    /// <summary>Sends any bytes as if they were an item, in frames that are in order.</summary>
    internal void SendBytes(ReadOnlyMemory<byte> item) => SendAll([item]);

    private void SendAll(IEnumerable<ReadOnlyMemory<byte>> items)
    {
        foreach (var item in items)
        {
            _frames.Add(new(1, ++_lane), item);
        }
        while (_frames.TryNext(out var frame))
        {
            // It takes itself to be acknowledged: nothing here waits for a window.
            _frames.Acknowledge(frame.Sequence);
            Tell(Gate, new LinkFrame(frame.Sequence, 0, frame.Content));
        }
    }

    /// <summary>Has all frames up to this one.</summary>
    internal void Acknowledge(long sequence) => Tell(Gate, new LinkFrame(0, sequence, ReadOnlyMemory<byte>.Empty));

    /// <summary>Waits for the next frame that carries something; nothing is acknowledged by that.</summary>
    internal async Task<LinkFrame> FrameAsync()
    {
        while (true)
        {
            if (await HearAsync<LinkFrame>() is { Sequence: not 0 } frame)
            {
                return frame;
            }
        }
    }

    /// <summary>The answers in a frame.</summary>
    internal static IEnumerable<LinkCodec.Item> Items(LinkFrame frame)
    {
        var messages = new List<ReadOnlyMemory<byte>>();
        new IncomingFrames(long.MaxValue).Take(1, frame.Content, messages);
        using var codec = new LinkCodec(new Numbers());
        return [.. messages.Select(codec.Read)];
    }

    /// <summary>Waits until the broker has closed the link or the connection.</summary>
    internal Task<string> EndedAsync() => End.Ended.WaitAsync(Limit);

    public async ValueTask DisposeAsync()
    {
        await _system.Terminate();
        _codec.Dispose();
    }

    private sealed class Numbers : IReferenceTable
    {
        public long NumberOf(IActorRef reference) => 0;

        public IActorRef Find(long number) => ActorRefs.Nobody;
    }

    private sealed class Ear(ChannelWriter<(object, IActorRef)> heard) : UntypedActor
    {
        protected override void OnReceive(object message) => heard.TryWrite((message, Sender));
    }
}
