using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Broker.Tests.Doors;

/// <summary>Stands between a remote client and its broker: delays, cuts, swallows, and has new connections wait.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Task _accepting;
    private volatile int _port;
    private volatile bool _swallows;
    private volatile bool _refuses;
    private volatile bool _reads = true;
    private int _accepted;
    private int _answers;
    private int _requests;

    internal FaultProxy(string address)
    {
        var uri = new Uri(address);
        _port = uri.Port;
        _listener.Start();
        Address = $"akka.tcp://{uri.UserInfo}@127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    internal string Address { get; }

    /// <summary>How many connections came.</summary>
    internal int Accepted => Volatile.Read(ref _accepted);

    /// <summary>How many pieces came of what the broker says.</summary>
    internal int Answers => Volatile.Read(ref _answers);

    /// <summary>How many pieces came of what the client says.</summary>
    internal int Requests => Volatile.Read(ref _requests);

    /// <summary>How long each piece is held back.</summary>
    internal TimeSpan Delay { get; set; }

    /// <summary>The broker is elsewhere now.</summary>
    internal void LeadTo(string address) => _port = new Uri(address).Port;

    /// <summary>Swallows all that is sent from now on, both ways, and closes nothing; new connections are accepted and swallowed too.</summary>
    internal void Swallow() => _swallows = true;

    /// <summary>Carries again. Connections that swallowed have lost something, so they are cut.</summary>
    internal void Carry()
    {
        (_swallows, _refuses, _reads) = (false, false, true);
        Cut();
    }

    /// <summary>Reads nothing more of what the broker says, as a client that does not. What clients say is carried.</summary>
    internal void StopReading() => _reads = false;

    /// <summary>Closes new connections at once.</summary>
    internal void RefuseNew() => _refuses = true;

    /// <summary>Resets all connections.</summary>
    internal void Cut()
    {
        foreach (var socket in _open.Keys)
            Reset(socket);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Stop();
        Cut();
        await _accepting;
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new(true, 0);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // closed already
        }
        socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_over.Token);
                Interlocked.Increment(ref _accepted);
                if (_refuses)
                    Reset(client);
                else
                    _ = CarryAsync(client);
            }
        }
        // a listener that was stopped says that it is in no state to accept
        catch (Exception over) when (over is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // the test is over
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        _open[client] = _open[server] = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _port, _over.Token);
            await Task.WhenAny(CopyAsync(client, server, isAnswer: false), CopyAsync(server, client, isAnswer: true));
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // one side is gone
        }
        Reset(client);
        Reset(server);
        _open.TryRemove(client, out _);
        _open.TryRemove(server, out _);
    }

    private async Task CopyAsync(Socket from, Socket to, bool isAnswer)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _over.Token) is var count and > 0)
            {
                Interlocked.Increment(ref isAnswer ? ref _answers : ref _requests);
                if (isAnswer && !_reads)
                    await Task.Delay(Timeout.Infinite, _over.Token);
                if (Delay > TimeSpan.Zero)
                    await Task.Delay(Delay, _over.Token);
                for (var at = 0; at < count && !_swallows;)
                    at += await to.SendAsync(buffer.AsMemory(at, count - at), _over.Token);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // one side is gone
        }
    }
}
