using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Akka.Actor.Setup;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// The end that clients connect to: where it listens, how both sides prove who they are, who may be reached, and within which limits. One
/// belongs to one actor system.
/// </summary>
public sealed class ListeningEnd : Setup
{
    private readonly TaskCompletionSource _letsIn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _socket;
    private IPEndPoint? _boundTo;

    /// <param name="endPoint">
    /// Where to listen; port 0 takes one that is free (<see cref="BoundTo"/>). <see cref="IPAddress.IPv6Any"/> is every address, also of
    /// IPv4.
    /// </param>
    /// <param name="tls">How the sides prove who they are; null for none, which a loopback address alone may have.</param>
    /// <param name="format">The messages that may come.</param>
    /// <param name="recipients">The paths of the actors that may be reached, with all below them.</param>
    /// <exception cref="ArgumentException">It would listen to the network without TLS, or a path is none.</exception>
    public ListeningEnd(IPEndPoint endPoint, TlsEnd? tls, WireFormat format, params ImmutableArray<string> recipients)
    {
        if (tls is null && !IPAddress.IsLoopback(endPoint.Address))
        {
            throw new ArgumentException(
                $"{endPoint} can be reached from other machines and needs TLS; without it only a loopback address may be listened on",
                    nameof(tls));
        }

        (EndPoint, Tls, Format, Recipients) = (endPoint, tls, format, new(recipients));
    }

    /// <summary>
    /// Lets clients in, now that those are there whom they may reach. Who comes before waits at the socket: what it says to an actor that
    /// is not there would be lost.
    /// </summary>
    public void LetIn() => _letsIn.TrySetResult();

    /// <summary>Where to listen.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Where it does listen, with the port that was taken; null before it does.</summary>
    public IPEndPoint? BoundTo => Volatile.Read(ref _boundTo);

    /// <summary>Who is connected now.</summary>
    public PeerDirectory Peers { get; } = new();

    /// <summary>How many connections there may be at a time; one more is told so and closed.</summary>
    public int MaxConnections { get; init; } = 1000;

    /// <summary>
    /// How many connections may be greeted at a time, TLS included; one more is closed without a word. So there are never more sockets than
    /// these beside <see cref="MaxConnections"/>.
    /// </summary>
    public int MaxGreetings { get; init; } = 256;

    /// <summary>How long a connection may take to say who it is, TLS included, before it is closed.</summary>
    public TimeSpan HandshakeLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long who said who it is may go on without being let in (<see cref="PeerDirectory.Admit"/>); null: for ever.</summary>
    public TimeSpan? AdmissionLimit { get; init; }

    /// <summary>Within which limits each connection reads and writes.</summary>
    public ConnectionLimits Limits { get; init; } = new();

    /// <summary>The clock of all limits.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How both sides prove who they are; null for none.</summary>
    internal TlsEnd? Tls { get; }

    /// <summary>The messages that may come.</summary>
    internal WireFormat Format { get; }

    /// <summary>The actors that may be reached.</summary>
    internal ReachablePaths Recipients { get; }

    /// <summary>Ends when clients are let in.</summary>
    internal Task LetsIn => _letsIn.Task;

    /// <summary>The socket that it listens at, for whoever is to close it.</summary>
    /// <exception cref="InvalidOperationException">It does not listen: <see cref="Listen"/> was not called.</exception>
    internal Socket Socket => _socket ?? throw new InvalidOperationException($"Nobody listens at {EndPoint}");

    /// <summary>
    /// Takes its port. Who connects from now on waits at the socket until its actor system has started and lets clients in.
    /// </summary>
    /// <exception cref="SocketException">It cannot listen there.</exception>
    internal void Listen()
    {
        var socket = new Socket(EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (EndPoint.Address.Equals(IPAddress.IPv6Any))
            {
                // Every address is those of IPv4 too.
                socket.DualMode = true;
            }
            socket.Bind(EndPoint);
            socket.Listen();
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
        _socket = socket;
        Volatile.Write(ref _boundTo, (IPEndPoint)socket.LocalEndPoint!);
    }
}
