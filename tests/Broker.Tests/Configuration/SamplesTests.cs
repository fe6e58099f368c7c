using System.Runtime.CompilerServices;
using Broker.Configuration;
using Xunit;

namespace Broker.Tests.Configuration;

public sealed class SamplesTests
{
    [Fact]
    public void Every_sample_loads()
    {
        foreach (var name in new[] { "ORDERS_PASSWORD", "NIGHTLY_PASSWORD", "REPORTS_PASSWORD" })
        {
            Environment.SetEnvironmentVariable(name, "secret");
        }

        var samples = Directory.GetFiles(Folder(), "*.conf").Where(file => !file.EndsWith("reference.conf", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, samples.Count);
        Assert.All(samples, file => Assert.NotEmpty(BrokerSettings.Load(file).Databases));
    }

    private static string Folder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../hocon"));
}
