using Broker.Budgets;
using Broker.Statements;
using Npgsql;

namespace Broker.Connections;

/// <summary>
/// One server process and everything that must die with it. Owns a data source that can open exactly one connection, so that a borrower
/// gets a wrapper of its own which refuses after its return, while the process behind it stays the same. Used by one task at a
/// time.
/// </summary>
internal sealed class PhysicalConnection : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private NpgsqlConnection? _own;

    internal PhysicalConnection(NpgsqlDataSource source) => _source = source;

    /// <summary>The connection as the broker uses it. Only between <see cref="OpenAsync"/> and lending.</summary>
    internal NpgsqlConnection Own => _own ?? throw new InvalidOperationException("The connection is lent or not open.");

    /// <summary>Whether <see cref="Own"/> can be used.</summary>
    internal bool HasOwn => _own is not null;

    /// <summary>The server process; null before it is known.</summary>
    internal BackendIdentity? Backend { get; set; }

    /// <summary>What its host is; only once <see cref="Backend"/> is known.</summary>
    internal SessionFacts Facts { get; set; }

    /// <summary>What it presumes where a statement says nothing; null before it is known.</summary>
    internal PoolDefaults? Defaults { get; set; }

    /// <summary>Opens the one connection.</summary>
    internal async Task<NpgsqlConnection> OpenAsync(CancellationToken cancel)
    {
        _own = await _source.OpenConnectionAsync(cancel);
        return _own;
    }

    /// <summary>
    /// Hands the broker's own wrapper to a borrower; there is another one after its return. To close it and open one for the borrower would
    /// reset the session once more, before the borrower's first statement.
    /// </summary>
    internal NpgsqlConnection Lend()
    {
        var wrapper = Own;
        _own = null;
        return wrapper;
    }

    /// <summary>
    /// Ends a borrower's wrapper, whatever state it is in: a transaction that is open is rolled back. Afterwards the wrapper refuses
    /// everything.
    /// </summary>
    internal async Task TakeBackAsync(NpgsqlConnection wrapper)
    {
        KeepTransactionsApart(wrapper);
        await wrapper.DisposeAsync();
        _own = await _source.OpenConnectionAsync();
        if (!SameProcess(_own))
        {
            throw new ConnectionReplacedException();
        }
    }

    // Npgsql uses the object of a transaction that was disposed again for the next one on the same process, so that a holder who kept it
    // could end the next holder's. One that is left undisposed when its connection is closed is not used again. Nothing is sent for it.
    private static void KeepTransactionsApart(NpgsqlConnection wrapper)
    {
        try
        {
            _ = wrapper.BeginTransaction();
        }
        catch (Exception exception) when (exception is InvalidOperationException or NpgsqlException)
        {
            // Its holder's own is not disposed, or the connection is in use or closed: there is nothing to be used again.
        }
    }

    /// <summary>Closes as soon as whatever is under way has ended; never throws.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await CloseOwnAsync();
        }
        finally
        {
            await _source.DisposeAsync();
        }
    }

    /// <summary>
    /// Closes when something that nobody waits for any more has ended. It may never: a server that fell silent does not say so. Never
    /// throws.
    /// </summary>
    internal async Task DisposeAfterAsync(Task hanging)
    {
        await hanging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await DisposeAsync();
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException or IOException)
        {
            // The socket is closed, one way or the other.
        }
    }

    // A broken connection is replaced by Npgsql without a word; a new process must not be taken for the old one.
    private bool SameProcess(NpgsqlConnection connection) => Backend is not { } backend || connection.ProcessID == backend.Pid;

    private async Task CloseOwnAsync()
    {
        if (_own is { } own)
        {
            _own = null;
            await own.DisposeAsync();
        }
    }
}

/// <summary>The process behind a connection is not the one that was opened: the connection broke in between.</summary>
internal sealed class ConnectionReplacedException() : Exception("the connection broke while it was lent");
