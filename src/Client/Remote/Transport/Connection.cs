using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Akka.Actor;
using Akka.Dispatch;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// One association on one socket, from the first frame to the end. What is read goes through the filter to Akka's listener, once there is
/// one; what Akka writes goes to the <see cref="Outbox"/>. It ends once, whoever ends it, and says to Akka that the other side has shut
/// down: a wire is used once, so there is nothing that Akka should keep for its return.
/// </summary>
internal sealed class Connection : AssociationHandle
{
    /// <summary>What Akka puts around a payload of the longest size.</summary>
    private const int PduOverhead = 16;

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly PduFilter _filter;
    private readonly FrameBuffer _buffer = new(SocketTransport.LongestPayload + PduOverhead);
    private readonly Outbox _outbox;
    private readonly LoneAnswer _answer = new();
    private readonly IConnectionOwner _owner;
    private readonly ConnectionLimits _limits;
    private readonly TimeProvider _clock;
    private long _deadline;
    private long _admission;
    private int _closed;
    private volatile bool _finishing;
    private readonly Sending _sending;
    private IHandleEventListener? _listener;
    private ConnectionEnd? _lastWord;
    private bool _announced;

    public Connection(
        Address own, Address other, Wire wire, PduFilter filter, ConnectionLimits limits, TimeProvider clock, IConnectionOwner owner)
        : base(own, other)
    {
        (_socket, _stream, _filter, _limits, _clock, _owner) = (wire.Socket, wire.Stream, filter, limits, clock, owner);
        _outbox = new(_stream, limits, clock);
        _sending = new(this);
        (_deadline, _admission) = (long.MaxValue, long.MaxValue);
        Certificate = wire.Certificate;
        EndPoint = SocketOrigin.Of(_socket);
        ReadHandlerSource = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Where the other side is on the network.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>The certificate that the other side proved to have; null without TLS.</summary>
    public System.Security.Cryptography.X509Certificates.X509Certificate2? Certificate { get; }

    /// <summary>Who the other side is, at a listening end, once it was let in.</summary>
    public Peer? Peer { get; set; }

    /// <summary>How long it may go on without being let in; null: for ever.</summary>
    public TimeSpan? AdmissionLimit { get; init; }

    /// <summary>Whether the other side has said who it is.</summary>
    public bool IsAssociated => _filter.OtherSystem is not null;

    /// <summary>The address of the other side: at a listening end it is known only when it said who it is.</summary>
    public void Name(Address other) => RemoteAddress = other;

    /// <summary>It was let in, and may stay.</summary>
    public void Admit() => Volatile.Write(ref _admission, long.MaxValue);

    /// <summary>It is not in, or not any more: it has as long as it may take to be let in.</summary>
    public void Dismiss()
    {
        if (AdmissionLimit is { } limit)
        {
            Volatile.Write(ref _admission, In(limit));
        }
    }

    /// <summary>
    /// Reads until the end. The first frame, by which the other side says who it is, has to come within <paramref name="limit"/>.
    /// </summary>
    public async Task Run(TimeSpan limit)
    {
        Expect(limit);
        var end = await ReadAll().ConfigureAwait(false);
        _answer.Tell();
        Close(end);
        await _stream.DisposeAsync().ConfigureAwait(false);
        if (_announced)
        {
            var listener = await ReadHandlerSource.Task.ConfigureAwait(false);
            listener.Notify(new Disassociated(DisassociateInfo.Shutdown));
        }
    }

    /// <inheritdoc/>
    public override bool Write(ByteString payload)
    {
        if (_finishing)
        {
            return false;
        }

        if (!_outbox.TryAdd(payload, out var first))
        {
            // Akka would keep it, and whatever else is written to a peer that does not read.
            Close(ConnectionEnd.Overflow(_limits.Backlog));
            return false;
        }

        if (first && !RemoteTurn.TryDoLater(_sending))
        {
            _sending.Run();
        }

        return true;
    }

    /// <summary>Sends what waits, then closes.</summary>
    [Obsolete("Use the method that states reasons to make sure disassociation reasons are logged.")]
    public override void Disassociate()
    {
        _finishing = true;
        if (_outbox.IsEmpty)
        {
            Close(new("it was ended here"));
        }
    }

    /// <summary>Closes at once. The first to say why is believed.</summary>
    public void Close(ConnectionEnd end)
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _finishing = true;
            _socket.Dispose();
            _owner.Closed(this, end);
        }
    }

    /// <summary>Closes if the other side has taken longer for anything than it may.</summary>
    public void CloseIfOverdue()
    {
        var now = _clock.GetTimestamp();
        if (now > Volatile.Read(ref _admission))
        {
            Close(new($"it was not let in within {AdmissionLimit}", IsRefusal: true));
        }
        else if (now > Volatile.Read(ref _deadline))
        {
            var why = IsAssociated ? $"a frame took longer than {_limits.FrameLimit}" : "it did not say in time who it is";
            Close(new(why, IsRefusal: true));
        }
        else if (_outbox.SendingSince is not 0 and var since && _clock.GetElapsedTime(since) > _limits.StallLimit)
        {
            Close(new($"it has taken nothing for {_limits.StallLimit}", IsRefusal: true));
        }
    }

    /// <summary>
    /// Two are the same only when they are one object. To Akka they are when their addresses are; but of those who have not said who they
    /// are all have the same, and one that does gets another.
    /// </summary>
    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    /// <inheritdoc/>
    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    private async Task<ConnectionEnd> ReadAll()
    {
        try
        {
            return await Introduce().ConfigureAwait(false) ?? await ReadMessages().ConfigureAwait(false);
        }
        catch (InvalidDataException wrong)
        {
            return new(wrong.Message, IsRefusal: true);
        }
        catch (Exception lost)
        {
            // Whatever it is, the connection is over, and whoever waits for it has to be told.
            return new($"the connection was lost: {lost.Message}");
        }
    }

    /// <summary>Has the other side say who it is, before Akka is told of it.</summary>
    private async Task<ConnectionEnd?> Introduce()
    {
        ReadOnlyMemory<byte>? frame;
        while ((frame = _buffer.Take()) is null)
        {
            if (!await ReadMore().ConfigureAwait(false))
            {
                return new("it closed the connection before it said who it is");
            }
        }

        if (_filter.Look(frame.Value.Span) is not PduKind.Associate and var kind)
        {
            return kind == PduKind.Goodbye ? new("it went before it said who it is") : new(_filter.Why, IsRefusal: true);
        }

        if (_owner.WhyNot(this, _filter.OtherSystem!) is { } whyNot)
        {
            return new(whyNot, IsRefusal: true);
        }

        _announced = true;
        _listener = await ReadHandlerSource.Task.ConfigureAwait(false);
        Expect(null);
        _listener.Notify(new InboundPayload(Owned(frame.Value)));
        return null;
    }

    private async Task<ConnectionEnd> ReadMessages()
    {
        do
        {
            RemoteTurn.Begin(static connection => connection.Deliver(), this, _answer);
            if (_lastWord is { } end)
            {
                return end;
            }

            Expect(_buffer.IsPartial ? _limits.FrameLimit : null);
        }
        while (_buffer.Filled(await _answer.While(_stream.ReadAsync(_buffer.Free()))));

        return new("it closed the connection");
    }

    /// <summary>Hands over each frame that has come whole.</summary>
    private void Deliver()
    {
        while (_buffer.Take() is { } frame)
        {
            switch (_filter.Look(frame.Span))
            {
                case PduKind.Goodbye:
                    _lastWord = new("it went");
                    return;
                case PduKind.Refused or PduKind.Associate:
                    _lastWord = new(_filter.Why, IsRefusal: true);
                    return;
                default:
                    Expect(null);
                    _listener!.Notify(new InboundPayload(Owned(frame)));
                    break;
            }
        }
    }

    private async ValueTask<bool> ReadMore()
    {
        return _buffer.Filled(await _stream.ReadAsync(_buffer.Free()).ConfigureAwait(false));
    }

    /// <summary>A copy that lives as long as Akka needs it: the buffer is read into again.</summary>
    private static ByteString Owned(ReadOnlyMemory<byte> frame) => UnsafeByteOperations.UnsafeWrap(frame.ToArray());

    /// <summary>Sets the time by which something has to come, unless one is set; null takes it away.</summary>
    private void Expect(TimeSpan? within)
    {
        if (within is null)
        {
            Volatile.Write(ref _deadline, long.MaxValue);
        }
        else if (Volatile.Read(ref _deadline) == long.MaxValue)
        {
            Volatile.Write(ref _deadline, In(within.Value));
        }
    }

    private long In(TimeSpan within) => _clock.GetTimestamp() + (long)(within.TotalSeconds * _clock.TimestampFrequency);

    private async Task Send()
    {
        try
        {
            await _outbox.SendAll().ConfigureAwait(false);
        }
        catch (Exception lost)
        {
            Close(new($"the connection was lost: {lost.Message}"));
            return;
        }

        if (_finishing)
        {
            Close(new("it was ended here"));
        }
    }

    /// <summary>What Akka writes within a turn is sent at its end, in one piece.</summary>
    private sealed class Sending : IRunnable
    {
        private readonly Connection _connection;

        public Sending(Connection connection) => _connection = connection;

        public void Run() => _ = _connection.Send();

        public void Execute() => Run();
    }
}
