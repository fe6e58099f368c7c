using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Statements;
using Npgsql;
using TargetSessionAttributes = Broker.Configuration.TargetSessionAttributes;

namespace Broker.Connections;

/// <summary>
/// Opens physical connections of one (database, user) pair: tries the server's hosts in turn until one is of a supported version and fits
/// `target-session-attrs`. The password is read for each connect, so that a new one takes effect at the next.
/// </summary>
internal sealed class PhysicalConnector
{
    // Npgsql takes no more, in seconds.
    private const int LongestTimeout = 1024;

    // Npgsql's own, in milliseconds.
    private const int ShortestCancellationTimeout = 2000;

    private readonly ServerSettings _server;
    private readonly HostRoles _roles;
    private readonly DatabaseSettings _database;
    private readonly UserSettings _user;
    private readonly TimeProvider _time;

    internal PhysicalConnector(ServerSettings server, HostRoles roles, DatabaseSettings database, UserSettings user, TimeProvider time)
    {
        _server = server;
        _roles = roles;
        _database = database;
        _user = user;
        _time = time;
    }

    /// <summary>Opens one connection. Exactly one of the two results is not null.</summary>
    internal async Task<(PhysicalConnection? Connection, Failure? Failure)> ConnectAsync(PoolId pool, CancellationToken cancel)
    {
        var choice = new HostChoice(_server, _roles);
        Failure? failure = null;
        foreach (var (host, target) in choice.Tries())
        {
            (var connection, failure) = await TryAsync(pool, host, target, choice, cancel);
            if (connection is not null || cancel.IsCancellationRequested)
            {
                return connection is null ? (null, new BrokerStopping($"pool {pool}")) : (connection, null);
            }
        }
        return (null, failure);
    }

    /// <summary>
    /// Asks the server to end one of its processes, if it is still the same one. Never waits for longer than a connect may take.
    /// </summary>
    internal async Task TerminateAsync(PoolId pool, BackendIdentity backend, CancellationToken cancel)
    {
        var (connection, _) = await ConnectAsync(pool, cancel);
        if (connection is null)
        {
            return;
        }
        var ending = TerminateAsync(connection, backend);
        await ending.WaitAsync(_server.ConnectTimeout, _time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task TerminateAsync(PhysicalConnection connection, BackendIdentity backend)
    {
        await using (connection)
        {
            await using var terminate = new NpgsqlBatch(connection.Own);
            terminate.BatchCommands.Add(
                new NpgsqlBatchCommand("select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start = $2")
            {
                Parameters = { new NpgsqlParameter<int> { TypedValue = backend.Pid },
                    new NpgsqlParameter<DateTime> { TypedValue = backend.BackendStart } },
            });
            await terminate.ExecuteNonQueryAsync();
        }
    }

    private async Task<(PhysicalConnection?, Failure?)> TryAsync(PoolId pool, HostEndpoint host, TargetSessionAttributes target,
        HostChoice choice, CancellationToken cancel)
    {
        PhysicalConnection? physical = null;
        var opening = Task.CompletedTask;
        Failure failure;
        try
        {
            physical = new PhysicalConnection(SourceFor(host));
            using var limit = new CancellationTokenSource(_server.ConnectTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
            opening = OpenAsync(physical, host, either.Token);
            // What it does once it is let in takes no token: Npgsql would ask the server to cancel, and block a thread until that answers.
            await opening.WaitAsync(either.Token);
            var refusal = ServerVersion.Check(pool, physical.Backend!.Server, physical.Backend.ServerVersion)
                ?? TargetSession.Check(pool, physical.Backend.Server, target, physical.Facts);
            if (refusal is null)
            {
                return (physical, null);
            }
            failure = refusal;
        }
        catch (PostgresException refused)
        {
            failure = ConnectFailures.Refused(pool, host, refused.SqlState, refused.MessageText);
        }
        catch (OperationCanceledException)
        {
            failure = ConnectFailures.Overdue(pool, host, _server);
        }
        catch (Exception exception) when (physical is null && exception is IOException or UnauthorizedAccessException)
        {
            failure = ConnectFailures.PasswordUnreadable(pool, host, exception);
        }
#pragma warning disable CA1031 // Whatever a connect fails by, what was opened of it must be closed, and who waits for it be told.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = new ServerUnavailable(pool, host.ToString(), exception.InnerException?.Message ?? exception.Message);
        }
        if (physical is { Backend: null } && failure is ServerUnavailable && !cancel.IsCancellationRequested)
        {
            choice.WasDown(host);
        }
        if (physical?.DisposeAfterAsync(opening) is { } closing && opening.IsCompleted)
        {
            await closing;
        }
        return (null, failure);
    }

    private async Task OpenAsync(PhysicalConnection physical, HostEndpoint host, CancellationToken cancel)
    {
        var connection = await physical.OpenAsync(cancel);
        await using (var query = new NpgsqlBatch(connection) { BatchCommands = { new(BackendIdentity.Query) } })
        await using (var reader = await query.ExecuteReaderAsync(CancellationToken.None))
        {
            await reader.ReadAsync(CancellationToken.None);
            physical.Facts = new(InRecovery: reader.GetBoolean(5), ReadOnly: reader.GetBoolean(6));
            physical.Backend = new(reader.GetInt32(0), reader.GetDateTime(1), reader.GetDateTime(2), reader.GetInt32(3), host.ToString(),
                reader.GetInt32(4));
        }
        _roles.Answered(host, physical.Facts);
        physical.Defaults = await CatalogueQueries.PoolDefaultsAsync(connection, CancellationToken.None);
    }

    private NpgsqlDataSource SourceFor(HostEndpoint host)
    {
        var builder = new NpgsqlDataSourceBuilder(ConnectionText(host));
        return builder.Build();
    }

    private string ConnectionText(HostEndpoint host)
    {
        var text = new NpgsqlConnectionStringBuilder
        {
            Host = host.Host,
            Port = host.Port,
            Database = _database.Database,
            Username = _user.Name,
            Password = _user.Password.Current()?.Reveal(),
            ApplicationName = _database.ApplicationName,
            SslMode = _server.Tls switch
            {
                TlsMode.Disable => SslMode.Disable,
                TlsMode.Allow => SslMode.Allow,
                TlsMode.Prefer => SslMode.Prefer,
                TlsMode.Require => SslMode.Require,
                TlsMode.VerifyCa => SslMode.VerifyCA,
                TlsMode.VerifyFull => SslMode.VerifyFull,
            },
            GssEncryptionMode = GssEncryptionMode.Disable,
            Options = SessionOptions.Of(_database.Settings),
            // One data source holds one connection: its wrappers come and go, the process stays.
            Pooling = true,
            MinPoolSize = 0,
            MaxPoolSize = 1,
            ConnectionIdleLifetime = int.MaxValue / 2000,
            ConnectionLifetime = 0,
            // What a borrower set is undone by statements that ride with the next use of the process; prepared ones stay.
            NoResetOnClose = _user.Pool.Reset == ResetMode.None,
            // Limits are the broker's: it cancels what is too slow.
            CommandTimeout = 0,
            // Npgsql's own is short for a busy server, and gives a connection up whose statement may be cancelled a moment later.
            CancellationTimeout = Math.Max(ShortestCancellationTimeout, (int)_user.Pool.ResetTimeout.TotalMilliseconds),
            // Requests to cancel go by this, on a thread that they block.
            Timeout = Math.Clamp((int)Math.Ceiling(_server.ConnectTimeout.TotalSeconds), 1, LongestTimeout),
            Enlist = false,
            // Npgsql prepares nothing by itself, but finds by its text what was prepared explicitly: docs/decisions/npgsql-batch-shapes.md.
            MaxAutoPrepare = 1,
            AutoPrepareMinUsages = int.MaxValue,
            // A NULL in an array makes its elements nullable, rather than unreadable.
            ArrayNullabilityMode = ArrayNullabilityMode.PerInstance,
            // Which member of a group failed decides what becomes of the others.
            IncludeFailedBatchedCommand = true,
            // The values that an error names are those of the caller who is told of it, and say which of many rows it means.
            IncludeErrorDetail = true,
        };
        if (_server.RootCertificate.Length > 0)
        {
            text.RootCertificate = _server.RootCertificate;
        }
        if (_server.ClientCertificate.Length > 0)
        {
            text.SslCertificate = _server.ClientCertificate;
            text.SslKey = _server.ClientKey;
        }
        // A Unix socket has no such option, and refuses to be given it.
        if (_server.TcpKeepalive.Idle is { } idle && !host.IsUnixSocket)
        {
            text.TcpKeepAlive = true;
            text.TcpKeepAliveTime = (int)idle.TotalSeconds;
            text.TcpKeepAliveInterval = (int)_server.TcpKeepalive.Interval.TotalSeconds;
        }
        return text.ConnectionString;
    }
}
