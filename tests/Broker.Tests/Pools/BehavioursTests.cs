using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>The page of behaviours says which test holds the pool to which.</summary>
public sealed partial class BehavioursTests
{
    [Fact]
    public void Each_behaviour_is_on_the_page_and_each_test_named_there_exists()
    {
        var rows = File.ReadAllLines(Page()).Select(line => Row().Match(line)).Where(row => row.Success).ToList();
        Assert.Equal(Enumerable.Range(1, 77),
            rows.Select(row => int.Parse(row.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)));

        var tests = typeof(BehavioursTests).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .Where(method => method.IsDefined(typeof(FactAttribute), inherit: true)).Select(method => method.Name).ToHashSet();
        var named = rows.SelectMany(row => Name().Matches(row.Groups[2].Value)).Select(name => name.Groups[1].Value);
        Assert.Empty(named.Except(tests));
        Assert.All(rows,
            row =>
                Assert.True(Name().IsMatch(row.Groups[2].Value) || row.Groups[2].Value.Contains("does not apply", StringComparison.Ordinal),
                    row.Value));
    }

    [GeneratedRegex(@"^\| (\d+) \| .* \| (.*) \|$")]
    private static partial Regex Row();

    [GeneratedRegex("`([A-Z][A-Za-z_]+)`")]
    private static partial Regex Name();

    private static string Page([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs/behaviours.md"));
}
