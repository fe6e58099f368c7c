using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Broker.Configuration;
using Broker.Gateway.Loops;

namespace Broker.Gateway.Links;

/// <summary>
/// Connects a socket to one of the addresses of a host, one after the other, without waiting: the loop says when there is an answer. While
/// a Unix socket's line is full, which no loop tells the end of, it is tried again and again.
/// </summary>
internal sealed class Dialling
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private readonly ImmutableArray<EndPoint> _addresses;
    private readonly TcpKeepaliveSettings _keepalive;
    private readonly LinkSite _site;
    private readonly TimeSpan _share;
    private int _next;

    /// <param name="addresses">Where the host may be.</param>
    /// <param name="limit">How long all may take together; whoever dials sees to that.</param>
    /// <param name="keepalive">Of TCP.</param>
    /// <param name="site">Where it happens.</param>
    internal Dialling(ImmutableArray<EndPoint> addresses, TimeSpan limit, TcpKeepaliveSettings keepalive, LinkSite site) =>
        (_addresses, _share, _keepalive, _site) = (addresses, limit / Math.Max(1, addresses.Length), keepalive, site);

    private sealed record Due(Dialling Dialling, int Address) : INoSerializationVerificationNeeded;

    /// <summary>The socket; null when there is none now.</summary>
    internal Port? Port { get; private set; }

    /// <summary>The address that it is connected to.</summary>
    internal EndPoint Address => _addresses[_next];

    /// <summary>What the last address said.</summary>
    internal string Cause { get; private set; } = "it has no address";

    /// <summary>Begins with the first address.</summary>
    internal DialState Begin() => Dial();

    /// <summary>The port is ready.</summary>
    internal DialState Ready()
    {
        if (!Port!.IsWritable)
        {
            return DialState.Waits;
        }
        return Port.ConnectError() is { } error ? Next(error) : Done();
    }

    /// <summary>Whether a message is its own; then where it has come to.</summary>
    internal DialState? Hear(object message) => message switch
    {
        Due due when due.Dialling != this || due.Address != _next => null,
        Due when Port is null => Dial(),
        Due when _next < _addresses.Length - 1 => Next(SocketError.TimedOut),
        _ => null,
    };

    /// <summary>Gives it up.</summary>
    internal void GiveUp()
    {
        Port?.Close();
        Port = null;
        _site.Timers.Cancel(this);
    }

    private DialState Next(SocketError error)
    {
        GiveUp();
        Cause = new SocketException((int)error).Message;
        _next++;
        return Dial();
    }

    private DialState Dial()
    {
        while (_next < _addresses.Length)
        {
            if (Try(out var error) is { } state)
            {
                return state;
            }
            Cause = new SocketException((int)error).Message;
            _next++;
        }
        return DialState.Failed;
    }

    private DialState? Try(out SocketError error)
    {
        error = SocketError.Success;
        Socket? socket = null;
        try
        {
            socket = Make();
            error = Connect(socket);
            var isUnix = Address is UnixDomainSocketEndPoint;
            if (error is SocketError.WouldBlock && isUnix)
            {
                socket.Dispose();
                _site.Timers.StartSingleTimer(this, new Due(this, _next), Patience);
                return DialState.Waits;
            }
            var waits = error is SocketError.WouldBlock or SocketError.InProgress;
            if (!waits && error is not SocketError.Success)
            {
                socket.Dispose();
                return null;
            }
            Port = new(socket, _site.Loop, _site.Self);
            Port.Attach(connecting: waits);
            if (!waits)
            {
                return DialState.Connected;
            }
            _site.Timers.StartSingleTimer(this, new Due(this, _next), _share);
            return DialState.Waits;
        }
        catch (SocketException exception)
        {
            // no socket is to be had
            socket?.Dispose();
            error = exception.SocketErrorCode;
            return null;
        }
    }

    private DialState Done()
    {
        _site.Timers.Cancel(this);
        return DialState.Connected;
    }

    private Socket Make()
    {
        if (Address is UnixDomainSocketEndPoint)
        {
            return new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        }
        var socket = new Socket(Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false, NoDelay = true };
        if (_keepalive.Idle is { } idle)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)idle.TotalSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, (int)_keepalive.Interval.TotalSeconds);
        }
        return socket;
    }

    private SocketError Connect(Socket socket)
    {
        try
        {
            socket.Connect(Address);
            return SocketError.Success;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode;
        }
    }
}

/// <summary>Where dialling has come to.</summary>
internal enum DialState
{
    /// <summary>It goes on.</summary>
    Waits,

    /// <summary>There is a connection.</summary>
    Connected,

    /// <summary>No address answers.</summary>
    Failed,
}

/// <summary>Where a link is made: on which loop, by which actor.</summary>
/// <param name="Loop">The loop.</param>
/// <param name="Self">The actor.</param>
/// <param name="Timers">Of the actor.</param>
internal sealed record LinkSite(ILoop Loop, IActorRef Self, ITimerScheduler Timers);
