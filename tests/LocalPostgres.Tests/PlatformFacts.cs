namespace Broker.Postgres.Tests;

/// <summary>A fact where a keeper watches the owner.</summary>
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "On Windows no keeper watches the owner." : null;
}

/// <summary>A fact that finds processes through /proc.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "It finds processes through /proc.";
}
