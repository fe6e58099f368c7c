using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Broker.PgWire.Framing;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using Xunit;

namespace Broker.Tests.Gateway.Wire;

/// <summary>A connection on which a test says what it likes, message by message.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Socket _socket;
    private readonly FrameReader _frames = new(FrameLimits.Backend, wholeUpTo: 16 * 1024 * 1024);
    private readonly WireWriter _writer = new();
    private byte[] _received = [];

    private RawConnection(Socket socket) => _socket = socket;

    internal static async Task<RawConnection> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new(socket);
    }

    /// <summary>Logs in; says why not.</summary>
    internal async Task<(ServerLogin Login, LoginFailed? Failed)> LoginAsync(string user, Credential credential,
        ProtocolVersion? version = null, string database = "postgres")
    {
        var login = new ServerLogin(
            new(version ?? ProtocolVersion.V30,
                [new(WireText.Of("user"), WireText.Of(user)), new(WireText.Of("database"), WireText.Of(database))]), credential);
        await SendAsync(login.First());
        while (!login.IsReady)
        {
            var response = login.Next(await ReceiveAsync(), out var failed);
            if (failed is not null)
                return (login, failed);
            if (response is not null)
                await SendAsync(response);
        }
        return (login, null);
    }

    /// <summary>Asks for a cancel on connections of their own, again and again: one that comes too early cancels nothing.</summary>
    internal static async Task CancelUntilAsync(int port, BackendKeyData key, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            using var connection = await ConnectAsync(port);
            await connection.SendAsync(new CancelRequest(key.ProcessId, key.SecretKey));
            await Assert.ThrowsAnyAsync<Exception>(connection.ReceiveAsync);
        }
    }

    internal async Task SendAsync(params IWireMessage[] messages)
    {
        _writer.Clear();
        foreach (var message in messages)
            message.Write(_writer);
        for (var rest = _writer.Written; rest.Length > 0;)
            rest = rest[await _socket.SendAsync(rest)..];
    }

    internal async Task<IBackendMessage> ReceiveAsync()
    {
        while (true)
        {
            var buffer = new ReadOnlySequence<byte>(_received);
            if (_frames.TryRead(ref buffer, out var frame))
            {
                var message = BackendMessages.Read(frame.Type, frame.Body.ToArray(), out var error);
                _received = buffer.ToArray();
                return message ?? throw new InvalidOperationException(error!.Text);
            }
            if (_frames.Error is { } wrong)
                throw new InvalidOperationException(wrong.Text);
            var chunk = new byte[64 * 1024];
            var count = await _socket.ReceiveAsync(chunk).WaitAsync(Limit);
            if (count == 0)
                throw new EndOfStreamException();
            _received = [.. _received, .. chunk.AsSpan(0, count)];
        }
    }

    /// <summary>All up to the next ReadyForQuery, that included.</summary>
    internal async Task<List<IBackendMessage>> ReceiveToReadyAsync()
    {
        var all = new List<IBackendMessage>();
        do
        {
            all.Add(await ReceiveAsync());
        }
        while (all[^1] is not ReadyForQuery);
        return all;
    }

    /// <summary>Says nothing more, and still hears.</summary>
    internal void EndWriting() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Is gone, as a client that crashed with something unread.</summary>
    internal void HangUp()
    {
        _socket.LingerState = new(true, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();
}
