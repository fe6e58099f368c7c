using System.Diagnostics;

namespace Broker.Postgres;

/// <summary>
/// The operating-system account that the server's programs run under. PostgreSQL refuses to run as root, so a privileged process lends them
/// to <c>postgres</c> or, where that does not exist, <c>nobody</c>; any other process runs them as itself.
/// </summary>
internal sealed record OsAccount
{
    private static readonly string[] Unprivileged = ["postgres", "nobody"];

    /// <summary>A socket's path has room for 103 bytes on macOS; our folder's name and the socket's take 35.</summary>
    private const int LongestParent = 68;

    private readonly string[] _prefix;

    private OsAccount(string? name, params string[] prefix)
    {
        Name = name;
        _prefix = prefix;
    }

    /// <summary>The account's name when it is another than ours.</summary>
    public string? Name { get; }

    /// <summary>Finds the account to use.</summary>
    /// <exception cref="LocalPostgresException">This process is root and cannot become anybody else.</exception>
    public static async Task<OsAccount> ChooseAsync(CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return new OsAccount(name: null);
        }

        foreach (var name in Unprivileged)
        {
            if (await IdAsync("-u", name, cancellation) is { } user && await IdAsync("-g", name, cancellation) is { } group)
            {
                return As(name, user, group);
            }
        }

        throw new LocalPostgresException(
            "PostgreSQL refuses to run as root, and neither 'postgres' nor 'nobody' is an account here. Run as another user.");
    }

    /// <summary>A command that runs <paramref name="program"/> under this account, in English, in <paramref name="folder"/>.</summary>
    public ProcessStartInfo Command(string folder, params IEnumerable<string> program)
    {
        string[] all = [.. _prefix, .. program];
        var start = new ProcessStartInfo(all[0], all[1..]) { WorkingDirectory = folder, UseShellExecute = false };
        start.Environment["LC_ALL"] = "C";
        foreach (var inherited in start.Environment.Keys.Where(key => key.StartsWith("PG", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(inherited);
        }

        return start;
    }

    /// <summary>Gives a folder that we made to the account.</summary>
    public async Task OwnAsync(string folder, CancellationToken cancellation)
    {
        if (Name is not null)
        {
            await CommandLine.RequireAsync(new ProcessStartInfo("chown", [Name, folder]), cancellation);
        }
    }

    /// <summary>
    /// A folder for temporary files that the account can enter and whose path leaves room for a socket's name: the system's, else
    /// <c>/tmp</c> (root's may be closed to others, and the one of macOS is long).
    /// </summary>
    public async Task<string> TemporaryFolderAsync(CancellationToken cancellation)
    {
        var usual = Path.TrimEndingDirectorySeparator(Path.GetTempPath());
        if (OperatingSystem.IsWindows())
        {
            return usual;
        }

        var (exitCode, _) = await CommandLine.RunAsync(Command("/", "/bin/sh", "-c", "test -w \"$1\" && test -x \"$1\"", "sh", usual),
            cancellation);
        return exitCode == 0 && usual.Length <= LongestParent ? usual : "/tmp";
    }

    private static OsAccount As(string name, string user, string group) =>
        OnPath("setpriv") is { } setpriv ? new OsAccount(name, setpriv, "--reuid", user, "--regid", group, "--clear-groups", "--")
        : OnPath("runuser") is { } runuser ? new OsAccount(name, runuser, "-u", name, "--")
        : throw new LocalPostgresException(
            "PostgreSQL refuses to run as root, and neither setpriv nor runuser (util-linux) is here to leave root.");

    private static async Task<string?> IdAsync(string option, string name, CancellationToken cancellation)
    {
        var (exitCode, output) = await CommandLine.RunAsync(new ProcessStartInfo("id", [option, name]), cancellation);
        return exitCode == 0 ? output.Trim() : null;
    }

    internal static string? OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") + Path.PathSeparator + "/usr/sbin").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}
