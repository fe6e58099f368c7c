using System.Runtime.CompilerServices;

namespace Broker.Tests.Diagnostics;

internal static class Pages
{
    internal static string Metrics => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/metrics.md"));

    private static string Here([CallerFilePath] string here = "") => here;
}
