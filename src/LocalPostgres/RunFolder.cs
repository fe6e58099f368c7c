namespace Broker.Postgres;

/// <summary>
/// The temporary folder of one running server: its socket, its log, the lock of its owner and, unless another folder was given, its data.
/// The owner holds an exclusive lock on the file <c>owner</c> for as long as it lives; the kernel drops it however the owner ends. So a
/// folder whose lock can be taken belongs to nobody, and a process id that was used again or that is seen from another container confuses
/// nobody.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const string Prefix = "broker-pg-";
    private const string OwnerFile = "owner";

    private readonly FileStream _lock;

    private RunFolder(string path, string dataDirectory, FileStream ownerLock)
    {
        Path = path;
        DataDirectory = dataDirectory;
        _lock = ownerLock;
    }

    /// <summary>Absolute path; short, because the socket's path has to fit 107 bytes.</summary>
    public string Path { get; }

    /// <summary>Where the cluster lives: below <see cref="Path"/> unless another folder was given.</summary>
    public string DataDirectory { get; }

    /// <summary>What the server and its keeper write to their outputs.</summary>
    public string Log => System.IO.Path.Combine(Path, "server.log");

    /// <summary>Makes a new folder, writes into it where its cluster is, and takes its lock.</summary>
    public static RunFolder Create(string parent, string? dataDirectory)
    {
        var path = System.IO.Path.Combine(parent, Prefix + Guid.NewGuid().ToString("N")[..10]);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var data = dataDirectory is null ? System.IO.Path.Combine(path, "data") : System.IO.Path.GetFullPath(dataDirectory);
        return new RunFolder(path, data, Own(path, data));
    }

    /// <summary>
    /// Takes every folder below <paramref name="parent"/> whose owner is gone. Two processes that sweep at the same time never get the same
    /// one.
    /// </summary>
    public static IEnumerable<RunFolder> TakeAbandoned(string parent)
    {
        foreach (var path in Directory.EnumerateDirectories(parent, Prefix + "*"))
        {
            if (TryTake(path) is { } folder)
            {
                yield return folder;
            }
        }
    }

    /// <summary>Removes the folder with all that is in it, and gives the lock up.</summary>
    public void Remove()
    {
        Dispose();
        while (Directory.Exists(Path))
        {
            try
            {
                Directory.Delete(Path, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
                // Somebody else is removing it too: the server's keeper, or a start that sees it left behind. A part that is gone
                // does not mean that all of it is.
            }
        }
    }

    /// <summary>Gives the lock up and leaves the folder.</summary>
    public void Dispose() => _lock.Dispose();

    private static RunFolder? TryTake(string path)
    {
        try
        {
            var ownerLock = TakeLock(path, OwnerFile, FileMode.Open);
            using var reader = new StreamReader(ownerLock, leaveOpen: true);
            return new RunFolder(path, reader.ReadLine() ?? "", ownerLock);
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return null; // owned, another user's, or just being made
        }
    }

    /// <summary>
    /// Writes the owner's file and takes its lock. On Unix a file can be opened by another between its making and its locking, so it is
    /// made under another name and gets its own with the lock on it: whoever finds an owner's file finds it locked or abandoned.
    /// </summary>
    private static FileStream Own(string path, string data)
    {
        var made = OperatingSystem.IsWindows() ? OwnerFile : OwnerFile + ".new";
        var ownerLock = TakeLock(path, made, FileMode.CreateNew);
        using var writer = new StreamWriter(ownerLock, leaveOpen: true);
        writer.WriteLine(data);
        writer.WriteLine($"Process {Environment.ProcessId} holds the lock on this file while its PostgreSQL runs.");
        writer.Flush();
        if (made != OwnerFile)
        {
            File.Move(System.IO.Path.Combine(path, made), System.IO.Path.Combine(path, OwnerFile));
        }

        return ownerLock;
    }

    private static FileStream TakeLock(string path, string file, FileMode mode) =>
        new(System.IO.Path.Combine(path, file), mode, FileAccess.ReadWrite, FileShare.None);
}
