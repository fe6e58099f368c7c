using Broker.Clients.Tests.Reaching;
using Broker.PgWire.Logins;
using Broker.Tests.Gateway.Wire;
using Xunit;
using static Broker.Clients.Tests.Differing.Wording;

namespace Broker.Clients.Tests.Differing;

/// <summary>
/// Other clients of the same endpoint, one of which does something before each step of a script: holds a connection for a while, so that
/// the script's client gets another than before, or leaves settings and prepared statements in it that nobody else may find.
/// </summary>
internal sealed class Others : IDisposable
{
    private const int Count = 3;

    private readonly RawConnection[] _connections;
    private readonly bool[] _holding = new bool[Count];
    private readonly bool _mayHold;

    private Others(RawConnection[] connections, bool mayHold) => (_connections, _mayHold) = (connections, mayHold);

    internal static async Task<Others> OpenAsync(Endpoint endpoint)
    {
        var connections = new RawConnection[Count];
        for (var other = 0; other < Count; other++)
        {
            connections[other] = await RawConnection.ConnectAsync(endpoint.Port);
            Assert.Null((await connections[other].LoginAsync(endpoint.User, Credential.None, database: endpoint.Database)).Failed);
        }
        return new(connections, endpoint.Keeping >= Keeping.Transaction);
    }

    /// <summary>The next of them does its part.</summary>
    internal async Task MoveAsync(int step)
    {
        var (connection, holding) = (_connections[step % Count], _holding[step % Count]);
        if (holding)
        {
            await AskAsync(connection, Simple("commit"));
        }
        else
        {
            await AskAsync(connection, Simple("set datestyle = 'German'; set timezone = 'Asia/Tokyo'; set work_mem = '3MB'"));
            await AskAsync(connection, CloseStatement("twice"), Parse("select 'theirs'", "twice"), Sync);
            await AskAsync(connection, Bind("", "twice"), Execute(), Sync);
        }
        if (_mayHold && !holding)
        {
            await AskAsync(connection, Simple("begin; select 1"));
        }
        _holding[step % Count] = _mayHold && !holding;
    }

    public void Dispose() => Array.ForEach(_connections, connection => connection.Dispose());

    private static async Task AskAsync(RawConnection connection, params PgWire.Messages.IFrontendMessage[] said)
    {
        await connection.SendAsync([.. said]);
        await connection.ReceiveToReadyAsync();
    }
}
