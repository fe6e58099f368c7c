using System.Net;
using System.Net.Sockets;
using Broker.Bench.Contenders;
using Broker.Bench.Workloads;
using Npgsql;

namespace Broker.Bench.Remotes;

/// <summary>Counts the bytes that cross to the broker and back, beside those between Npgsql and its server.</summary>
internal static class RemoteWire
{
    /// <summary>Rows of an integer, another, and a text of 20 letters.</summary>
    public const string Rows = "select n, n * 2, 'a text of 20 letters' from generate_series(1, $1) n";

    private const int Reads = 5000;
    private const int StreamedRows = 200_000;

    public static async Task PrintAsync(string connectionString, string door)
    {
        await using var toServer = new Relay(new NpgsqlConnectionStringBuilder(connectionString).Port);
        await using var toDoor = new Relay(new Uri(door).Port);
        await using var npgsql =
            new NpgsqlThrough(new NpgsqlConnectionStringBuilder(connectionString) { Port = toServer.Port }.ConnectionString, "npgsql");
        await using var remote = new RemoteBroker($"akka.tcp://broker@127.0.0.1:{toDoor.Port}");
        await npgsql.StartAsync(connectionString, 10);
        await remote.StartAsync(connectionString, 10);
        Console.WriteLine("bytes on the wire, both ways:");
        foreach (var callers in (int[])[1, 64])
        {
            Console.WriteLine($"  a read by key, {callers} callers: npgsql {await PerReadAsync(npgsql, toServer, callers):0}, broker {await PerReadAsync(remote, toDoor, callers):0}");
        }

        var before = toDoor.Bytes;
        var rows = await remote.StreamAsync(StreamedRows);
        Console.WriteLine(
            $"  a row of two integers and a text of 20 letters in a stream of {rows}: broker {(toDoor.Bytes - before) / (double)rows:0.0}");
    }

    private static async Task<double> PerReadAsync(IContender contender, Relay relay, int callers)
    {
        await RunAsync(contender, callers, 500);
        var before = relay.Bytes;
        await RunAsync(contender, callers, Reads);
        return (relay.Bytes - before) / (double)Reads;
    }

    private static async Task RunAsync(IContender contender, int callers, int reads) =>
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller);
            for (var i = caller; i < reads; i += callers)
            {
                await contender.RunAsync(Operations.ReadAccount(random));
            }
        })));

    /// <summary>Passes bytes on and counts them.</summary>
    private sealed class Relay : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly int _to;
        private long _bytes;

        public Relay(int to)
        {
            _to = to;
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public long Bytes => Interlocked.Read(ref _bytes);

        public ValueTask DisposeAsync()
        {
            _listener.Dispose();
            return ValueTask.CompletedTask;
        }

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
                // it is over
            }
        }

        private async Task CarryAsync(TcpClient client)
        {
            using var near = client;
            using var far = new TcpClient { NoDelay = true };
            near.NoDelay = true;
            await far.ConnectAsync(IPAddress.Loopback, _to);
            await Task.WhenAny(CopyAsync(near.GetStream(), far.GetStream()), CopyAsync(far.GetStream(), near.GetStream()));
        }

        private async Task CopyAsync(NetworkStream from, NetworkStream to)
        {
            var buffer = new byte[64 * 1024];
            try
            {
                while (await from.ReadAsync(buffer) is var count and > 0)
                {
                    Interlocked.Add(ref _bytes, count);
                    await to.WriteAsync(buffer.AsMemory(0, count));
                }
            }
            catch (Exception over) when (over is IOException or ObjectDisposedException)
            {
                // one side is gone
            }
        }
    }
}
