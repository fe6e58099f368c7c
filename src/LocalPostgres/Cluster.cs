namespace Broker.Postgres;

/// <summary>The folder PostgreSQL calls a cluster: how it is made, and how what a dead owner left of one is cleared away.</summary>
internal static class Cluster
{
    /// <summary>The superuser of every cluster we make.</summary>
    public const string Superuser = "postgres";

    /// <summary>Makes a cluster in a folder that is absent or empty; one that is there already is left alone.</summary>
    public static async Task MakeAsync(
        PostgresBinaries binaries, OsAccount account, RunFolder folder, string? password, CancellationToken cancellation)
    {
        var dataDirectory = folder.DataDirectory;
        if (File.Exists(Path.Combine(dataDirectory, "PG_VERSION")))
        {
            return;
        }

        Directory.CreateDirectory(dataDirectory);
        await account.OwnAsync(dataDirectory, cancellation);
        string[] common =
        [
            binaries.Initdb, "--pgdata", dataDirectory, "--username", Superuser, "--encoding", "UTF8", "--locale", "C",
            // the files of a new cluster hold nothing that could be lost; what the server writes later is synced as its settings say
            "--no-sync",
        ];
        if (password is null)
        {
            await CommandLine.RequireAsync(account.Command(folder.Path, [.. common, "--auth", "trust"]), cancellation);
            return;
        }

        var passwordFile = Path.Combine(folder.Path, "password");
        await File.WriteAllTextAsync(passwordFile, password + "\n", cancellation);
        await account.OwnAsync(passwordFile, cancellation);
        await CommandLine.RequireAsync(account.Command(folder.Path, [.. common, "--auth", "scram-sha-256", "--pwfile", passwordFile]),
            cancellation);
        File.Delete(passwordFile);
    }

    /// <summary>Copies the cluster of a server that is stopped, for a standby.</summary>
    public static async Task CopyAsync(OsAccount account, string from, RunFolder to, CancellationToken cancellation)
    {
        await CommandLine.RequireAsync(account.Command(to.Path, "cp", "-R", "-p", from, to.DataDirectory), cancellation);
        var signal = Path.Combine(to.DataDirectory, "standby.signal");
        await File.WriteAllTextAsync(signal, "", cancellation);
        await account.OwnAsync(signal, cancellation);
    }

    /// <summary>
    /// Stops the servers and removes the folders of owners that died without doing so themselves. A server counts as ours only when its own
    /// file says that its socket is in the folder we took, so a misleading folder can never point us at another server.
    /// </summary>
    public static async Task SweepAsync(PostgresBinaries binaries, OsAccount account, string parent, CancellationToken cancellation)
    {
        foreach (var folder in RunFolder.TakeAbandoned(parent))
        {
            using (folder)
            {
                try
                {
                    await StopAsync(binaries, account, folder, cancellation);
                    folder.Remove();
                }
                catch (Exception failure) when (failure is LocalPostgresException or IOException or UnauthorizedAccessException)
                {
                    // another's rubbish does not keep us from starting; the next start tries again
                }
            }
        }
    }

    private static async Task StopAsync(PostgresBinaries binaries, OsAccount account, RunFolder folder, CancellationToken cancellation)
    {
        if (PostmasterFile.Read(folder.DataDirectory) is { } left && left.SocketDirectory == folder.Path && left.IsAlive())
        {
            await Postmaster.StopDetachedAsync(binaries, account, folder.Path, folder.DataDirectory, Shutdown.Immediate, cancellation);
        }
    }
}
