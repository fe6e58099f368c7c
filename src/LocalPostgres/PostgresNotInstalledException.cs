namespace Broker.Postgres;

/// <summary>No PostgreSQL server programs were found; the message says where was looked and the command that installs them.</summary>
public sealed class PostgresNotInstalledException : LocalPostgresException
{
    internal PostgresNotInstalledException(string whatIsMissing)
        : base($"{whatIsMissing} {HowToInstall} Or set {PostgresBinaries.FolderVariable} to the folder that holds initdb and postgres.")
    {
    }

    private static string HowToInstall =>
        OperatingSystem.IsMacOS() ? "Install one with: brew install postgresql@17."
        : OperatingSystem.IsWindows() ? "Install one with: winget install PostgreSQL.PostgreSQL.17."
        : File.Exists("/usr/bin/dnf") ? "Install one with: sudo dnf install postgresql-server."
        : File.Exists("/sbin/apk") ? "Install one with: sudo apk add postgresql."
        : "Install one with: sudo apt-get update && sudo apt-get install --yes postgresql.";
}
