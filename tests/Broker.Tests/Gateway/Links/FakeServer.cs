using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Broker.Tests.Gateway.Links;

/// <summary>Accepts connections and does with each what a test says; then closes it. Without anything to do it never answers.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _open = [];
    private readonly Func<NetworkStream, Task>? _answer;
    private int _connections;

    internal FakeServer(Func<NetworkStream, Task>? answer = null)
    {
        _answer = answer;
        _listener.Start();
        _ = AcceptAsync();
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many have come.</summary>
    internal int Connections => Volatile.Read(ref _connections);

    /// <summary>Takes no connection from now on.</summary>
    internal void StopListening() => _listener.Stop();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref _connections);
                client.NoDelay = true;
                _open.Add(client);
                if (_answer is not null)
                {
                    _ = AnswerAsync(client);
                }
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        try
        {
            await _answer!(client.GetStream());
        }
        catch (Exception over) when (over is SocketException or IOException or ObjectDisposedException)
        {
            // the other side went away
        }
        client.Close();
    }

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        foreach (var one in _open)
        {
            one.Dispose();
        }
        return ValueTask.CompletedTask;
    }
}
