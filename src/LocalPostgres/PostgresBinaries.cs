using System.Globalization;

namespace Broker.Postgres;

/// <summary>
/// The folder of one PostgreSQL installation that holds <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c>.
/// Looked for in this order: the folder named by <see cref="FolderVariable"/>, the folders of PATH (symbolic links followed),
/// then the usual install folders, newest version first.
/// </summary>
/// <param name="Folder">Absolute path of the folder.</param>
public sealed record PostgresBinaries(string Folder)
{
    /// <summary>The environment variable that names the folder; when it is set, no other place is looked at.</summary>
    public const string FolderVariable = "BROKER_POSTGRES_BIN";

    private static readonly string Suffix = OperatingSystem.IsWindows() ? ".exe" : "";

    /// <summary>Each holds one folder per installed version; the part after <c>*</c> leads from there to the programs.</summary>
    private static readonly string[] InstallFolders =
    [
        "/usr/lib/postgresql/*/bin", // Debian, Ubuntu
        "/usr/pgsql-*/bin", // Red Hat and its family
        "/usr/libexec/postgresql*", // Alpine
        "/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
        "/usr/local/opt/postgresql*/bin", // Homebrew on Intel
        "/Applications/Postgres.app/Contents/Versions/*/bin",
        @"C:\Program Files\PostgreSQL\*\bin",
    ];

    /// <summary>Path of <c>initdb</c>, which makes a cluster.</summary>
    public string Initdb => Program("initdb");

    /// <summary>Path of <c>pg_ctl</c>, which stops a server that is not our child.</summary>
    public string PgCtl => Program("pg_ctl");

    /// <summary>Path of <c>postgres</c>, the server.</summary>
    public string Server => Program("postgres");

    /// <summary>The path another program of the installation would have (<c>pgbench</c>, <c>psql</c>); it may not exist.</summary>
    public string Program(string name) => Path.Combine(Folder, name + Suffix);

    /// <summary>Finds an installation on this machine.</summary>
    /// <exception cref="PostgresNotInstalledException">There is none; the message says what to install.</exception>
    public static PostgresBinaries Find() => Find(Environment.GetEnvironmentVariable, InstallFolders);

    internal static PostgresBinaries Find(Func<string, string?> environment, IEnumerable<string> installFolders)
    {
        if (environment(FolderVariable) is { Length: > 0 } named)
        {
            return At(named)
                ?? throw new PostgresNotInstalledException(
                    $"{FolderVariable}={named}, but that folder has no initdb, pg_ctl and postgres.");
        }

        var onPath = (environment("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return onPath.Concat(installFolders.SelectMany(NewestFirst)).Select(At).OfType<PostgresBinaries>().FirstOrDefault()
            ?? throw new PostgresNotInstalledException(
                $"No PostgreSQL server was found on PATH or in {string.Join(", ", installFolders)}.");
    }

    /// <summary>
    /// The installation whose programs are in, or are linked from, <paramref name="folder"/>. A link is followed because
    /// <c>initdb</c> looks for its siblings and its templates beside the real file.
    /// </summary>
    private static PostgresBinaries? At(string folder)
    {
        var initdb = new FileInfo(Path.Combine(folder, "initdb" + Suffix));
        if (!initdb.Exists || initdb.ResolveLinkTarget(returnFinalTarget: true) is { Exists: false })
        {
            return null;
        }

        var real = initdb.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? initdb.FullName;
        var found = new PostgresBinaries(Path.GetDirectoryName(real)!);
        return File.Exists(found.Server) && File.Exists(found.PgCtl) ? found : null;
    }

    /// <summary>The folders that match a pattern with one <c>*</c>, the highest version first.</summary>
    private static IEnumerable<string> NewestFirst(string pattern)
    {
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        var cut = pattern.LastIndexOfAny(['/', '\\'], star);
        var rest = pattern.IndexOfAny(['/', '\\'], star);
        var parent = pattern[..cut];
        if (!Directory.Exists(parent))
        {
            return [];
        }

        var name = pattern[(cut + 1)..(rest < 0 ? pattern.Length : rest)];
        return Directory.EnumerateDirectories(parent, name)
            .OrderByDescending(VersionOf)
            .Select(folder => rest < 0 ? folder : Path.Combine(folder, pattern[(rest + 1)..]));
    }

    /// <summary>The number in a folder's name: 16 of <c>16</c>, 9.6 of <c>pgsql-9.6</c>, 0 when there is none.</summary>
    private static double VersionOf(string folder)
    {
        var digits = Path.GetFileName(folder).Where(c => char.IsAsciiDigit(c) || c == '.').ToArray();
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var version) ? version : 0;
    }
}
