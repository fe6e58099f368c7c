using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace Broker.Clients.Tests.OnPython;

/// <summary>A Python that has a module; the one that a variable names, else the machine's.</summary>
internal static class Python
{
    private const string Variable = "BROKER_TEST_PYTHON";

    private static readonly string[] Places = ["python3", "/usr/bin/python3"];

    /// <summary>The first that has it; null when none has.</summary>
    internal static string? With(string module) =>
        (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? [named] : Places)
        .FirstOrDefault(python => Has(python, module));

    private static bool Has(string python, string module)
    {
        try
        {
            using var look = Process.Start(new ProcessStartInfo(python, ["-c", $"import {module}"]) { RedirectStandardError = true })!;
            look.StandardError.ReadToEnd();
            look.WaitForExit();
            return look.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}

/// <summary>A theory that runs a Python with a module; it is skipped, with what to install, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonTheoryAttribute : TheoryAttribute
{
    public PythonTheoryAttribute(string module) =>
        Skip = Python.With(module) is null
            ? $"No Python here has {module}. With root, this would bring it: apt-get install python3-{module}"
            : null;
}
