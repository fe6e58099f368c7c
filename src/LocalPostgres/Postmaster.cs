using System.Diagnostics;

namespace Broker.Postgres;

/// <summary>
/// One run of the server. On Unix it is the child of a small shell script, the keeper, which stops it when this process ends in whatever
/// way; on Windows <c>pg_ctl</c> starts it (and takes an administrator's rights away), and one that outlives its owner is stopped by the
/// next run.
/// </summary>
internal abstract class Postmaster : IDisposable
{
    /// <summary>Whether it is known to have ended; on Windows that is never known before it was stopped.</summary>
    public abstract bool HasExited { get; }

    /// <summary>Starts the server and does not wait until it accepts.</summary>
    /// <param name="binaries">The installation.</param>
    /// <param name="account">The account it runs under.</param>
    /// <param name="folder">Where its socket and its log go; names the cluster.</param>
    /// <param name="settings">Settings for its command line, <c>name=value</c> each.</param>
    /// <param name="cancellation">Gives the start up.</param>
    public static async Task<Postmaster> StartAsync(
        PostgresBinaries binaries,
        OsAccount account,
        RunFolder folder,
        IReadOnlyList<string> settings,
        CancellationToken cancellation)
    {
        if (!OperatingSystem.IsWindows())
        {
            string[] server = [binaries.Server, "-D", folder.DataDirectory, .. settings.SelectMany(setting => new[] { "-c", setting })];
            return new KeptPostmaster(account, folder, server);
        }

        var options = string.Join(' ', settings.Select(setting => $"-c \"{setting}\""));
        string[] start = [binaries.PgCtl, "start", "--no-wait", "--pgdata", folder.DataDirectory, "--log", folder.Log,
            "--options", options];
        using var started = Process.Start(account.Command(folder.Path, start))!;
        await started.WaitForExitAsync(cancellation);
        return new DetachedPostmaster(binaries, account, folder.Path, folder.DataDirectory);
    }

    /// <summary>Stops the server and waits until it is gone; does nothing when it is gone already.</summary>
    public abstract Task StopAsync(Shutdown how, CancellationToken cancellation);

    /// <summary>Lets go of the process; a server that still runs under a keeper is shut down by that.</summary>
    public abstract void Dispose();

    /// <summary>Stops a server that nobody keeps any more, through <c>pg_ctl</c>.</summary>
    public static Task StopDetachedAsync(
        PostgresBinaries binaries, OsAccount account, string folder, string dataDirectory, Shutdown how, CancellationToken cancellation) =>
        CommandLine.RequireAsync(
            account.Command(folder, binaries.PgCtl, "stop", "--pgdata", dataDirectory, "--wait", "--mode", Word(how)), cancellation);

    private static string Word(Shutdown how) => how switch
    {
        Shutdown.Fast => "fast",
        Shutdown.Immediate => "immediate",
    };

    private sealed class KeptPostmaster : Postmaster
    {
        private static readonly string Script = ReadScript();

        private readonly Process _keeper;

        public KeptPostmaster(OsAccount account, RunFolder folder, string[] server)
        {
            // a session of its own, so that the terminal's Ctrl-C reaches only the owner
            string[] session = OsAccount.OnPath("setsid") is { } setsid ? [setsid] : [];
            var start = account.Command(folder.Path, [.. session, "/bin/sh", "-c", Script, "keeper", folder.Path, folder.Log, .. server]);
            start.RedirectStandardInput = true;
            _keeper = Process.Start(start)!;
        }

        public override bool HasExited => _keeper.HasExited;

        public override async Task StopAsync(Shutdown how, CancellationToken cancellation)
        {
            try
            {
                await _keeper.StandardInput.WriteLineAsync(Word(how).AsMemory(), cancellation);
                await _keeper.StandardInput.FlushAsync(cancellation);
            }
            catch (IOException)
            {
                // it has ended, and nobody reads
            }

            await _keeper.WaitForExitAsync(cancellation);
        }

        public override void Dispose() => _keeper.Dispose();

        private static string ReadScript()
        {
            using var script = new StreamReader(typeof(Postmaster).Assembly.GetManifestResourceStream("keeper.sh")!);
            return script.ReadToEnd();
        }
    }

    private sealed class DetachedPostmaster : Postmaster
    {
        private readonly PostgresBinaries _binaries;
        private readonly OsAccount _account;
        private readonly string _folder;
        private readonly string _dataDirectory;

        public DetachedPostmaster(PostgresBinaries binaries, OsAccount account, string folder, string dataDirectory)
        {
            _binaries = binaries;
            _account = account;
            _folder = folder;
            _dataDirectory = dataDirectory;
        }

        public override bool HasExited => false;

        public override async Task StopAsync(Shutdown how, CancellationToken cancellation)
        {
            if (PostmasterFile.Read(_dataDirectory) is { } running && running.IsAlive())
            {
                await StopDetachedAsync(_binaries, _account, _folder, _dataDirectory, how, cancellation);
            }
        }

        public override void Dispose()
        {
        }
    }
}
