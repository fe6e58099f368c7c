using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Broker.Tests.Gateway.Links;

/// <summary>Stands between a link and its server, and hands on what both say as a test likes it.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly NpgsqlConnectionStringBuilder _target;
    private readonly FakeServer _front;
    private TaskCompletionSource? _gate;

    internal Relay(string connectionString)
    {
        _target = new(connectionString);
        _front = new(CarryAsync);
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = _front.Port }.ConnectionString;
    }

    /// <summary>The server as it is reached through it.</summary>
    internal string ConnectionString { get; }

    /// <summary>How many connections have come.</summary>
    internal int Connections => _front.Connections;

    /// <summary>Whether the server's key is kept from the link, as some managed servers' proxies do.</summary>
    internal bool KeepsKey { get; init; }

    /// <summary>Whether what the server says comes byte by byte.</summary>
    internal bool InSingleBytes { get; init; }

    /// <summary>Makes something else of what a link says, a piece at a time and a letter for each byte; null: it is handed on.</summary>
    internal Func<string, string>? Change { get; init; }

    /// <summary>Whether the connection is cut behind a piece of what the server says; null: never.</summary>
    internal Func<string, bool>? CutsBehind { get; init; }

    /// <summary>Connections that come from now on are carried when <see cref="OpenGate"/> is called.</summary>
    internal void CloseGate() => _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void OpenGate() => _gate!.SetResult();

    /// <summary>Takes no connection from now on.</summary>
    internal void StopListening() => _front.StopListening();

    private async Task CarryAsync(NetworkStream client)
    {
        if (_gate is { } gate)
        {
            await gate.Task;
        }
        using var server = new TcpClient { NoDelay = true };
        await server.ConnectAsync(_target.Host!, _target.Port);
        await using var stream = server.GetStream();
        await await Task.WhenAny(ThereAsync(client, stream), BackAsync(stream, client));
    }

    private async Task ThereAsync(NetworkStream client, NetworkStream server)
    {
        var buffer = new byte[64 * 1024];
        while (await client.ReadAsync(buffer) is var count and > 0)
        {
            await server.WriteAsync(Change is null
                ? buffer.AsMemory(0, count)
                : Encoding.Latin1.GetBytes(Change(Encoding.Latin1.GetString(buffer, 0, count))));
        }
    }

    private async Task BackAsync(NetworkStream server, NetworkStream client)
    {
        var buffer = new byte[64 * 1024];
        var kept = Array.Empty<byte>();
        while (await server.ReadAsync(buffer) is var count and > 0)
        {
            var bytes = buffer.AsMemory(0, count);
            if (KeepsKey)
            {
                kept = [.. kept, .. bytes.Span];
                bytes = WithoutKey(ref kept);
            }
            for (var at = 0; at < bytes.Length; at += InSingleBytes ? 1 : bytes.Length)
            {
                await client.WriteAsync(InSingleBytes ? bytes.Slice(at, 1) : bytes);
            }
            if (CutsBehind?.Invoke(Encoding.Latin1.GetString(bytes.Span)) is true)
            {
                return;
            }
        }
    }

    // whole messages only; the rest stays kept
    private static Memory<byte> WithoutKey(ref byte[] kept)
    {
        var passed = new List<byte>();
        var at = 0;
        while (kept.Length - at >= 5 && BinaryPrimitives.ReadInt32BigEndian(kept.AsSpan(at + 1)) is var length && kept.Length - at > length)
        {
            if (kept[at] != (byte)'K')
            {
                passed.AddRange(kept.AsSpan(at, length + 1));
            }
            at += length + 1;
        }
        kept = kept[at..];
        return passed.ToArray();
    }

    public ValueTask DisposeAsync() => _front.DisposeAsync();
}
