using Npgsql;

namespace Broker.Postgres;

/// <summary>
/// A PostgreSQL server of one's own: a private cluster, reached at a free port of 127.0.0.1 and at a Unix socket, that ends with its owner.
/// However this process ends, the server is shut down and its temporary folder removed: by <see cref="DisposeAsync"/>, by the keeper
/// process that notices the owner's death, or by the next start on this machine.
/// <example><code>
/// await using var pg = await LocalPostgres.StartAsync();
/// await using var source = NpgsqlDataSource.Create(await pg.CreateDatabaseAsync("orders"));
/// </code></example>
/// </summary>
/// <remarks>
/// Run as root, the server's programs run as <c>postgres</c> or <c>nobody</c>, because PostgreSQL refuses root. Not for use by several
/// threads at once, except <see cref="ConnectionString"/> and <see cref="CreateDatabaseAsync"/>.
/// </remarks>
public sealed class LocalPostgres : IAsyncDisposable
{
    private const int PortsTried = 10;

    private static readonly TimeSpan FastStopLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private readonly LocalPostgresOptions _options;
    private readonly OsAccount _account;
    private readonly RunFolder _folder;
    private Postmaster? _postmaster;

    private LocalPostgres(LocalPostgresOptions options, PostgresBinaries binaries, OsAccount account, RunFolder folder)
    {
        _options = options;
        _account = account;
        _folder = folder;
        Binaries = binaries;
        Port = LoopbackPort.Free();
    }

    /// <summary>The installation the server comes from.</summary>
    public PostgresBinaries Binaries { get; }

    /// <summary>The TCP port on 127.0.0.1; the same for the whole life of this object.</summary>
    public int Port { get; private set; }

    /// <summary>The folder of the Unix socket, as a libpq or Npgsql <c>Host</c>. On Windows no socket is there.</summary>
    public string SocketDirectory => _folder.Path;

    /// <summary>The superuser.</summary>
    public string UserName { get; } = Cluster.Superuser;

    /// <summary>The folder of the cluster.</summary>
    public string DataDirectory => _folder.DataDirectory;

    /// <summary>The file the server logs to.</summary>
    public string LogFile => _folder.Log;

    /// <summary>
    /// Makes a cluster, starts its server and waits until it accepts connections. Clears away what dead owners left behind first.
    /// </summary>
    /// <param name="options">Default: a durable server in a temporary folder that trusts local clients.</param>
    /// <param name="cancellation">Gives the start up and leaves nothing behind.</param>
    /// <exception cref="PostgresNotInstalledException">No server programs are installed.</exception>
    /// <exception cref="LocalPostgresException">The server did not start; the message holds the end of its log.</exception>
    public static async Task<LocalPostgres> StartAsync(LocalPostgresOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new LocalPostgresOptions();
        var binaries = options.Binaries ?? PostgresBinaries.Find();
        var account = await OsAccount.ChooseAsync(cancellation);
        var parent = await account.TemporaryFolderAsync(cancellation);
        await Cluster.SweepAsync(binaries, account, parent, cancellation);

        var folder = RunFolder.Create(parent, options.DataDirectory);
        var server = new LocalPostgres(options, binaries, account, folder);
        try
        {
            await account.OwnAsync(folder.Path, cancellation);
            await Cluster.MakeAsync(binaries, account, folder, options.Password, cancellation);
            await server.StartOnAFreePortAsync(cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A connection string for the TCP port.</summary>
    public string ConnectionString(string database = "postgres") => To("127.0.0.1", database);

    /// <summary>A connection string for the Unix socket.</summary>
    public string SocketConnectionString(string database = "postgres") => To(SocketDirectory, database);

    /// <summary>Creates an empty database and returns its TCP connection string.</summary>
    /// <exception cref="PostgresException">The name is taken.</exception>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken cancellation = default)
    {
        await Database.CreateAsync(ConnectionString(), name, cancellation);
        return ConnectionString(name);
    }

    /// <summary>
    /// Shuts the server down: what runs is rolled back, everybody is disconnected. The cluster stays for <see cref="StartAgainAsync"/>.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellation = default)
    {
        if (_postmaster is null)
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(FastStopLimit);
        try
        {
            await _postmaster.StopAsync(Shutdown.Fast, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            await _postmaster.StopAsync(Shutdown.Immediate, cancellation);
        }

        Forget();
    }

    /// <summary>Ends the server as a crash would: connections break at once, and the next start recovers from the log.</summary>
    public async Task KillAsync(CancellationToken cancellation = default)
    {
        if (_postmaster is not null)
        {
            await _postmaster.StopAsync(Shutdown.Immediate, cancellation);
            Forget();
        }
    }

    /// <summary>Starts the server again after <see cref="StopAsync"/> or <see cref="KillAsync"/>, at the same port.</summary>
    /// <exception cref="LocalPostgresException">It did not start, or it runs already.</exception>
    public async Task StartAgainAsync(CancellationToken cancellation = default)
    {
        if (_postmaster is { HasExited: false })
        {
            throw new LocalPostgresException($"The server at port {Port} runs already.");
        }

        Forget();
        _postmaster = await Postmaster.StartAsync(Binaries, _account, _folder, Settings(), cancellation);
        await WaitUntilReadyAsync(_postmaster, cancellation);
    }

    /// <summary>Stops the server and starts it again at the same port.</summary>
    public async Task RestartAsync(CancellationToken cancellation = default)
    {
        await StopAsync(cancellation);
        await StartAgainAsync(cancellation);
    }

    /// <summary>
    /// Makes a hot standby of this server and starts both. The cluster is copied while the server is stopped, which needs no program beside
    /// the server's own; who is connected is disconnected. Not on Windows.
    /// </summary>
    /// <exception cref="LocalPostgresException">One of them did not start.</exception>
    public async Task<LocalPostgres> StartStandbyAsync(CancellationToken cancellation = default)
    {
        var folder = RunFolder.Create(Path.GetDirectoryName(_folder.Path)!, dataDirectory: null);
        var follow = $"host=127.0.0.1 port={Port} user={UserName} password='{_options.Password}'";
        var options = _options with { DataDirectory = null, Settings = _options.Settings.SetItem("primary_conninfo", follow) };
        var standby = new LocalPostgres(options, Binaries, _account, folder);
        try
        {
            await _account.OwnAsync(folder.Path, cancellation);
            await StopAsync(cancellation);
            await Cluster.CopyAsync(_account, DataDirectory, folder, cancellation);
            await StartAgainAsync(cancellation);
            await standby.StartOnAFreePortAsync(cancellation);
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a standby a primary; ends when it accepts writes.</summary>
    /// <exception cref="LocalPostgresException">It did not.</exception>
    public async Task PromoteAsync(CancellationToken cancellation = default)
    {
        await using var connection = new NpgsqlConnection(ConnectionString());
        await connection.OpenAsync(cancellation);
        await using var promote = new NpgsqlCommand("select pg_promote()", connection);
        if (await promote.ExecuteScalarAsync(cancellation) is not true)
        {
            throw new LocalPostgresException($"The standby at port {Port} was not promoted:\n{EndOfLog()}");
        }
    }

    /// <summary>
    /// Stops the server and removes its temporary folder; a folder given by <see cref="LocalPostgresOptions.DataDirectory"/> is kept.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_options.DataDirectory is null)
        {
            await KillAsync(); // nobody will read these files again, so no checkpoint is needed
        }
        else
        {
            await StopAsync();
        }

        _folder.Remove();
    }

    private async Task StartOnAFreePortAsync(CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await StartAgainAsync(cancellation);
                return;
            }
            catch (LocalPostgresException failure)
                when (attempt < PortsTried && failure.Message.Contains("Address already in use", StringComparison.Ordinal))
            {
                Port = LoopbackPort.Free(); // somebody took it between our look and the server's
            }
        }
    }

    private async Task WaitUntilReadyAsync(Postmaster postmaster, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_options.StartTimeout);
        try
        {
            while (PostmasterFile.Read(DataDirectory) is not { IsReady: true } file
                || file.SocketDirectory != SocketInFile
                || !file.IsAlive())
            {
                if (postmaster.HasExited)
                {
                    throw new LocalPostgresException($"PostgreSQL did not start:\n{EndOfLog()}");
                }

                await Task.Delay(PollInterval, limit.Token);
            }
        }
        catch (OperationCanceledException timeout) when (!cancellation.IsCancellationRequested)
        {
            throw new LocalPostgresException(
                $"PostgreSQL did not accept connections within {_options.StartTimeout.TotalSeconds:0} s:\n{EndOfLog()}", timeout);
        }
    }

    /// <summary>A server without a socket writes an empty line.</summary>
    private string SocketInFile => OperatingSystem.IsWindows() ? "" : SocketDirectory;

    private string[] Settings() =>
    [
        .. _options.Settings.Select(setting => $"{setting.Key}={setting.Value}"),
        "listen_addresses=127.0.0.1",
        $"port={Port}",
        $"unix_socket_directories={SocketInFile}",
    ];

    private string To(string host, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = host,
        Port = Port,
        Username = UserName,
        Password = _options.Password,
        Database = database,
    }.ConnectionString;

    private void Forget()
    {
        _postmaster?.Dispose();
        _postmaster = null;
    }

    private string EndOfLog()
    {
        try
        {
            return string.Join('\n', File.ReadLines(LogFile).TakeLast(20));
        }
        catch (IOException)
        {
            return "(it wrote no log)";
        }
    }
}
