namespace Broker.Tests.Platforms;

/// <summary>A fact where a keeper watches the owner.</summary>
internal sealed class UnixFactAttribute : Xunit.FactAttribute
{
    public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "On Windows no keeper watches the owner." : null;
}

/// <summary>A fact about what only Linux has, or tells through /proc.</summary>
internal sealed class LinuxFactAttribute : Xunit.FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "Only Linux has it, or tells of it.";
}
