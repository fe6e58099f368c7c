using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Broker.Tests.Pools.Server;

/// <summary>
/// Stands between a broker and its server and can fall silent, as a network does that drops everything: nobody hears an end. What was
/// carried when it froze stays silent for ever; what comes while it is frozen is accepted and never answered.
/// </summary>
internal sealed class FreezingProxy : IAsyncDisposable
{
    private const int LengthOfCancelRequest = 16;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _open = [];
    private readonly string _host;
    private readonly int _port;
    private volatile bool _frozen;
    private volatile int _age;
    private volatile int _answersHeld;
    private volatile int _silentAfterLogin;
    private volatile int _lost;
    private volatile TaskCompletionSource _held = new();
    private volatile TaskCompletionSource _heldAnswers = new();

    private FreezingProxy(NpgsqlConnectionStringBuilder target)
    {
        (_host, _port) = (target.Host!, target.Port);
        Release();
        _listener.Start();
        ConnectionString = new NpgsqlConnectionStringBuilder(target.ConnectionString)
        {
            Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
        }.ConnectionString;
        _ = AcceptAsync();
    }

    /// <summary>The server as it is reached through the proxy.</summary>
    internal string ConnectionString { get; }

    internal static FreezingProxy For(string server) => new(new(server));

    /// <summary>Everything falls silent.</summary>
    internal void Freeze()
    {
        _frozen = true;
        _age++;
    }

    /// <summary>What comes on open connections is kept back, and nothing of it is lost.</summary>
    internal void Hold() => _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the server says on connections that are open now is kept back; it hears everything.</summary>
    internal void HoldAnswers()
    {
        _heldAnswers = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _answersHeld++;
    }

    /// <summary>What was kept back is handed on.</summary>
    internal void Release()
    {
        _held.TrySetResult();
        _heldAnswers.TrySetResult();
    }

    /// <summary>New connections are carried again; those that were open stay silent.</summary>
    internal void Thaw() => _frozen = false;

    /// <summary>So many connections to come fall silent when the server has let them in.</summary>
    internal void FreezeAfterLogin(int connections) => _silentAfterLogin = connections;

    /// <summary>So many requests to cancel to come are lost, as one is that finds no statement; nothing but those may come meanwhile.</summary>
    internal void LoseCancels(int count) => _lost = count;

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = CarryAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        var server = new TcpClient();
        _open.Add(client);
        _open.Add(server);
        if (_frozen)
        {
            return;
        }
        try
        {
            if (Interlocked.Decrement(ref _lost) >= 0)
            {
                await client.GetStream().ReadExactlyAsync(new byte[LengthOfCancelRequest]);
                client.Close();
                return;
            }
            var age = _age;
            await server.ConnectAsync(_host, _port);
            await await Task.WhenAny(CopyAsync(client, server, age, answers: false, untilLogin: false),
                CopyAsync(server, client, age, answers: true, untilLogin: Interlocked.Decrement(ref _silentAfterLogin) >= 0));
            if (_age == age)
            {
                client.Close();
                server.Close();
            }
        }
        catch (Exception over) when (over is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // one side went away
            client.Close();
            server.Close();
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, int age, bool answers, bool untilLogin)
    {
        var buffer = new byte[65536];
        var answersHeld = _answersHeld;
        while (await from.GetStream().ReadAsync(buffer) is var count and > 0)
        {
            if (_age != age)
            {
                await Task.Delay(Timeout.Infinite);
            }
            await _held.Task;
            if (answers && _answersHeld != answersHeld)
            {
                await _heldAnswers.Task;
            }
            await to.GetStream().WriteAsync(buffer.AsMemory(0, count));
            // ReadyForQuery, idle
            if (untilLogin && buffer.AsSpan(0, count).EndsWith("Z\0\0\0\u0005I"u8))
            {
                await Task.Delay(Timeout.Infinite);
            }
        }
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
