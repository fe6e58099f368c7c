using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Broker.Tests.Settlement;

/// <summary>Where a proxy cuts a connection, once.</summary>
internal enum Cut
{
    /// <summary>Instead of handing the client's COMMIT on: the server rolls back.</summary>
    BeforeCommit,

    /// <summary>
    /// The same, and nothing of what the server answers to what came before is handed on either: the transaction's id is not learned.
    /// </summary>
    BeforeCommitUntold,

    /// <summary>Instead of handing the server's answer to COMMIT on: it is committed and nobody was told.</summary>
    AfterCommit,

    /// <summary>Instead of handing the answer to an INSERT on, when the server has answered all that was asked.</summary>
    AtInsert,
}

internal static class Cuts
{
    /// <summary>Whether the server does not see the COMMIT.</summary>
    internal static bool IsBefore(this Cut cut) => cut is Cut.BeforeCommit or Cut.BeforeCommitUntold;
}

/// <summary>
/// Stands between a broker and its server and cuts the first connection that commits, at a chosen side of the COMMIT. It reads texts, so
/// statements must not be prepared; it sees a COMMIT only where it is a statement of its own.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    // Of the message that carries a text: its letter, its length, and the end of the statement's name, which is empty.
    private const int BeforeText = 6;

    private static readonly byte[] Asked = "COMMIT\0"u8.ToArray();
    private static readonly byte[] Answered = [(byte)'C', 0, 0, 0, 11, .. "COMMIT\0"u8];
    private static readonly byte[] Inserted = [(byte)'C', 0, 0, 0, 15, .. "INSERT 0 1\0"u8];
    private static readonly byte[] InTransaction = [(byte)'Z', 0, 0, 0, 5, (byte)'T'];
    private static readonly byte[] LastAnswer = [(byte)'Z', 0, 0, 0, 5, (byte)'I'];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly string _host;
    private readonly int _port;
    private readonly Cut _cut;
    private readonly Func<CuttingProxy, Task> _atCut;
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cutDone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentBag<TcpClient> _unanswered = [];
    private volatile TaskCompletionSource? _ignored;
    private volatile NetworkStream? _cutOff;
    private volatile bool _cutting;
    private int _armed;
    private int _spared;

    private CuttingProxy(NpgsqlConnectionStringBuilder target, Cut cut, Func<CuttingProxy, Task> atCut)
    {
        (_host, _port, _cut, _atCut) = (target.Host!, target.Port, cut, atCut);
        _listener.Start();
        ConnectionString = new NpgsqlConnectionStringBuilder(target.ConnectionString)
        {
            Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
        }.ConnectionString;
        _ = AcceptAsync();
    }

    /// <summary>The server as it is reached through the proxy.</summary>
    internal string ConnectionString { get; }

    /// <param name="server">The server's connection string.</param>
    /// <param name="cut">Where to cut.</param>
    /// <param name="atCut">What happens at the cut, before the client sees it.</param>
    internal static CuttingProxy For(string server, Cut cut, Func<CuttingProxy, Task>? atCut = null)
    {
        var target = new NpgsqlConnectionStringBuilder(server);
        return new CuttingProxy(target, cut, atCut ?? (_ => Task.CompletedTask));
    }

    /// <summary>
    /// For a COMMIT that is sent with all that comes before it: where it is cut before it, that is not before the server has answered the
    /// rest.
    /// </summary>
    /// <param name="server">The server's connection string.</param>
    /// <param name="cut">Where to cut.</param>
    internal static CuttingProxy ForOneTrip(string server, Cut cut) =>
        For(server, cut, cut.IsBefore() ? static proxy => proxy.AnsweredAsync() : null);

    /// <summary>Whether no COMMIT came since.</summary>
    internal bool IsArmed => Volatile.Read(ref _armed) == 1;

    /// <summary>Waits until the server has answered what came before the COMMIT and its error barrier, in the same transaction.</summary>
    internal Task AnsweredAsync() => _answered.Task;

    /// <summary>Waits until it has cut.</summary>
    internal Task CutAsync() => _cutDone.Task;

    /// <summary>The next COMMIT is cut.</summary>
    internal void Arm() => _armed = 1;

    /// <summary>The answer to the INSERT of this number is cut, from 1.</summary>
    internal void ArmAt(int insert)
    {
        _spared = insert - 1;
        Arm();
    }

    /// <summary>Answers no new connection from now on. Ends when the first has come.</summary>
    internal Task IgnoreNew()
    {
        _ignored = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return _ignored.Task;
    }

    /// <summary>Takes no new connection from now on.</summary>
    internal void RefuseNew() => _listener.Stop();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                if (_ignored is { } ignored)
                {
                    _unanswered.Add(client);
                    ignored.TrySetResult();
                    continue;
                }
                _ = CarryAsync(client);
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(_host, _port);
                var there = CopyAsync(client.GetStream(), server.GetStream(), _cut.IsBefore() ? _cut : Cut.BeforeCommit, Asked);
                var back = _cut == Cut.AtInsert
                    ? CopyAsync(server.GetStream(), client.GetStream(), Cut.AtInsert, Inserted)
                    : CopyAsync(server.GetStream(), client.GetStream(), Cut.AfterCommit, Answered);
                await await Task.WhenAny(there, back);
            }
            catch (Exception over) when (over is SocketException or IOException or ObjectDisposedException)
            {
                // one side went away: so does the other, though not before what happens at the cut has happened
            }
            if (_cutting)
            {
                await _cutDone.Task;
                server.Close();
                await EndAsync(client);
            }
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, Cut cutting, byte[] sign)
    {
        var buffer = new byte[65536];
        while (await from.ReadAsync(buffer) is var count and > 0)
        {
            var place = cutting == _cut ? PlaceOf(sign, buffer.AsSpan(0, count)) : -1;
            if (place >= 0 && Interlocked.Exchange(ref _armed, 0) == 1)
            {
                // what comes before it in the same piece was on its way
                _cutOff = to;
                _cutting = true;
                await to.WriteAsync(buffer.AsMemory(0, cutting.IsBefore() ? Math.Max(0, place - BeforeText) : place));
                if (cutting == Cut.AtInsert)
                {
                    await LastAnswerAsync(from, buffer, count);
                }
                await _atCut(this);
                _cutDone.SetResult();
                return;
            }
            // Known before it is handed on: only then is it sure not to be an answer from before, behind which the client has sent its
            // COMMIT meanwhile.
            var isBehindCut = _cutOff == from;
            if (!isBehindCut || _cut != Cut.BeforeCommitUntold)
            {
                await to.WriteAsync(buffer.AsMemory(0, count));
            }
            // What resets a connection before its next use is answered by itself, outside of a transaction.
            if (isBehindCut && buffer.AsSpan(0, count).EndsWith(InTransaction))
            {
                _answered.TrySetResult();
            }
        }
    }

    private int PlaceOf(byte[] sign, Span<byte> piece)
    {
        var from = 0;
        while (piece[from..].IndexOf(sign) is var place and >= 0)
        {
            if (Volatile.Read(ref _armed) == 0 || _spared == 0)
            {
                return from + place;
            }
            _spared--;
            from += place + sign.Length;
        }
        return -1;
    }

    // The server is done when it says at the end of a piece that it is ready, all of what it was sent having come in one piece.
    private static async Task LastAnswerAsync(NetworkStream from, byte[] buffer, int count)
    {
        while (!buffer.AsSpan(0, count).EndsWith(LastAnswer) || from.DataAvailable)
        {
            count = await from.ReadAsync(buffer);
            if (count == 0)
            {
                return;
            }
        }
    }

    /// <summary>Whoever closes with bytes unread takes back what it has sent: so the rest is read to its end.</summary>
    private static async Task EndAsync(TcpClient client)
    {
        try
        {
            client.Client.Shutdown(SocketShutdown.Send);
            var rest = new byte[4096];
            while (await client.GetStream().ReadAsync(rest) > 0)
            {
            }
        }
        catch (Exception over) when (over is SocketException or IOException or ObjectDisposedException)
        {
            // it has gone
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        foreach (var client in _unanswered)
        {
            client.Dispose();
        }
        // A test that has failed may have cut where nothing was to be answered.
        _answered.TrySetResult();
        if (_cutting)
        {
            await _cutDone.Task;
        }
    }
}
