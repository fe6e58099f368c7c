using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Broker.Client.Tests.Remote.Transport;

/// <summary>A client that writes bytes of its own.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Connects; when <paramref name="greets"/>, it speaks the protocol so far.</summary>
    public static async Task<RawPeer> To(IPEndPoint door, bool greets = true)
    {
        var peer = new RawPeer();
        await peer._socket.ConnectAsync(door);
        if (greets)
        {
            await peer.Send("Broker/1"u8.ToArray());
            Assert.Equal([.. "Broker/1"u8, 0], await peer.Read(9));
        }

        return peer;
    }

    public async Task Send(byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await _socket.SendAsync(bytes.AsMemory(sent));
        }
    }

    public Task SendFrame(byte[] pdu) => Send(Framed(pdu));

    public static byte[] Framed(byte[] pdu)
    {
        var frame = new byte[4 + pdu.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, pdu.Length);
        pdu.CopyTo(frame, 4);
        return frame;
    }

    public async Task<byte[]> Read(int count)
    {
        var bytes = new byte[count];
        for (var read = 0; read < count;)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var more = await _socket.ReceiveAsync(bytes.AsMemory(read), limit.Token);
            Assert.NotEqual(0, more);
            read += more;
        }

        return bytes;
    }

    public async Task<byte[]> ReadFrame() => await Read(BinaryPrimitives.ReadInt32BigEndian(await Read(4)));

    /// <summary>Reads to the end, which is there when the other side closed or reset the connection.</summary>
    public async Task UntilClosed()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var buffer = new byte[1024];
        try
        {
            while (await _socket.ReceiveAsync(buffer.AsMemory(), limit.Token) > 0)
            {
                limit.Token.ThrowIfCancellationRequested();
            }
        }
        catch (SocketException)
        {
            // It was reset.
        }
    }

    /// <summary>Ends with a reset instead of a FIN.</summary>
    public void Reset()
    {
        _socket.LingerState = new(true, 0);
        _socket.Dispose();
    }

    /// <summary>Says that nothing more will come, and goes on reading.</summary>
    public void SayNoMore() => _socket.Shutdown(SocketShutdown.Send);

    public void Dispose() => _socket.Dispose();
}
