using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Broker.Bench.Gateways;

/// <summary>
/// A client that logs in, may run a statement, and stays: a socket and nothing else, so that thousands of them cost little here.
/// </summary>
internal sealed class IdleClient : IDisposable
{
    private const int Version30 = 196608;
    private const byte ReadyForQuery = (byte)'Z';
    private const byte ErrorResponse = (byte)'E';
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly byte[] Startup = Framed(null,
        [.. BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(Version30)),
            .. Encoding.ASCII.GetBytes($"user\0{ServerAddress.User}\0database\0{ServerAddress.Database}\0\0")]);
    private static readonly byte[] Query = Framed((byte)'Q', Encoding.ASCII.GetBytes("select 1\0"));

    private readonly Socket _socket;

    private IdleClient(Socket socket) => _socket = socket;

    /// <summary>Connects, and is ready for a statement.</summary>
    /// <exception cref="PoolerFailedException">It was not let in.</exception>
    public static async Task<IdleClient> ConnectAsync(ServerAddress address)
    {
        var client = new IdleClient(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await client._socket.ConnectAsync(IPAddress.Parse(ServerAddress.Host), address.Port);
            await client.AskAsync(Startup);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Runs a statement.</summary>
    public Task RunAsync() => AskAsync(Query);

    public void Dispose() => _socket.Dispose();

    private static byte[] Framed(byte? type, byte[] body)
    {
        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, sizeof(int) + body.Length);
        byte[] head = type is { } letter ? [letter] : [];
        return [.. head, .. length, .. body];
    }

    private async Task AskAsync(byte[] message)
    {
        await _socket.SendAsync(message);
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            while (await NextAsync(limit.Token) is var type && type != ReadyForQuery)
            {
                if (type == ErrorResponse)
                {
                    throw new PoolerFailedException("a client got an error");
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw new PoolerFailedException($"a client got no answer within {Limit.TotalSeconds} s");
        }
    }

    private async Task<byte> NextAsync(CancellationToken limit)
    {
        var head = await ReadAsync(1 + sizeof(int), limit);
        await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1)) - sizeof(int), limit);
        return head[0];
    }

    private async Task<byte[]> ReadAsync(int count, CancellationToken limit)
    {
        var buffer = new byte[count];
        for (var read = 0; read < count;)
        {
            var more = await _socket.ReceiveAsync(buffer.AsMemory(read), limit);
            read += more > 0 ? more : throw new PoolerFailedException("a client's connection was closed");
        }

        return buffer;
    }
}
