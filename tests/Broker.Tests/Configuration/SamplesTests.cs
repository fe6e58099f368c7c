using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Broker.Configuration;
using Xunit;

namespace Broker.Tests.Configuration;

public sealed partial class SamplesTests
{
    [Fact]
    public void Every_sample_loads()
    {
        foreach (var name in new[] { "ORDERS_PASSWORD", "NIGHTLY_PASSWORD", "REPORTS_PASSWORD" })
        {
            Environment.SetEnvironmentVariable(name, "secret");
        }

        var samples = Directory.GetFiles(Folder(), "*.conf").Where(file => !file.EndsWith("reference.conf", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(3, samples.Count);
        Assert.All(samples, file => Assert.NotEmpty(BrokerSettings.Load(file).Databases));
    }

    [Fact]
    public void Every_example_of_the_page_loads()
    {
        var page = File.ReadAllText(Path.Combine(Folder(), "../docs/configuration.md"));
        var examples = Example().Matches(page).Select(match => match.Groups[1].Value).ToList();
        Assert.True(examples.Count >= 6, $"only {examples.Count} examples");
        Assert.All(examples, example => Assert.NotNull(BrokerSettings.Parse(example)));
    }

    [GeneratedRegex("```hocon\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    private static string Folder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../hocon"));
}
