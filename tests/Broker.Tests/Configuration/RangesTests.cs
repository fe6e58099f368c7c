using System.Globalization;
using System.Text.RegularExpressions;
using Broker.Configuration;
using Xunit;

namespace Broker.Tests.Configuration;

/// <summary>What the comments of reference.conf promise is what the code allows.</summary>
public sealed partial class RangesTests
{
    // bounds that hold together with another key: the other is moved out of the way
    private static readonly Dictionary<string, string> Beside = new(StringComparer.Ordinal)
    {
        ["broker.door.heartbeat"] = "broker.door.silence-limit = 1h",
        ["broker.door.silence-limit"] = "broker.door.heartbeat = 50ms",
        ["broker.server-defaults.max-connections"] = "broker.server-defaults.reserve = 0",
        ["broker.server-defaults.reserve"] = "broker.server-defaults.max-connections = 1000",
        ["broker.pool.min-idle"] = "broker.pool.size = 0",
        ["broker.pool.reconnect.min-backoff"] = "broker.pool.reconnect.max-backoff = 1h",
        ["broker.pool.reconnect.max-backoff"] = "broker.pool.reconnect.min-backoff = 1ms",
        ["broker.packing.target"] = "broker.packing.trip-limit = 1m",
        ["broker.packing.trip-limit"] = "broker.packing.target = 100us",
    };

    public static TheoryData<string, string, string> Ranges()
    {
        var data = new TheoryData<string, string, string>();
        var lines = ReferenceConfiguration.Text.Split('\n');
        foreach (var leaf in ReferenceConfiguration.Leaves)
        {
            var line = ReferenceConfiguration.Shape.Lines[leaf] - 2;
            var comment = "";
            for (; line >= 0 && lines[line].TrimStart().StartsWith('#'); line--)
            {
                comment = $"{lines[line].Trim(' ', '#')} {comment}";
            }

            if (Range().Match(comment) is { Success: true } match)
            {
                data.Add(leaf, match.Groups[1].Value, match.Groups[2].Value);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Ranges))]
    public void Both_ends_of_a_documented_range_are_allowed_and_what_lies_beyond_is_refused_by_name(string path, string least, string most)
    {
        Assert.Null(Record.Exception(() => Read(path, least)));
        Assert.Null(Record.Exception(() => Read(path, most)));
        Refused(path, Beyond(most, +1)!, least, most);
        if (Beyond(least, -1) is { } below)
        {
            Refused(path, below, least, most);
        }
    }

    [Fact]
    public void Every_number_time_and_size_of_the_reference_has_its_range_in_its_comment()
    {
        var ranged = Ranges().Select(row => (string)row[0]).ToHashSet();
        var quantities = ReferenceConfiguration.LeavesOf(ReferenceConfiguration.Tree).OfType<SettingsNode.Value>()
            .Where(value => value.Text.Length > 0
                && char.IsAsciiDigit(value.Text[0])
                && !value.Text.Contains("127.", StringComparison.Ordinal));
        Assert.All(quantities, value => Assert.Contains(value.Path, ranged));
    }

    private static BrokerSettings Read(string path, string value) =>
        BrokerSettings.Parse(
            $"broker.servers.s {{ }}\nbroker.database-defaults.user = u\nbroker.databases.d {{ }}\n{Beside.GetValueOrDefault(path, "")}\n{path} = {value}");

    private static void Refused(string path, string value, string least, string most)
    {
        var failure = Assert.Throws<SettingsException>(() => Read(path, value));
        var problem = Assert.Single(failure.Problems, problem => problem.Path == path);
        Assert.Equal(value, problem.Value);
        Assert.Contains($"from {least} to {most}", problem.Text, StringComparison.Ordinal);
        Assert.Contains("line", problem.Origin, StringComparison.Ordinal);
    }

    // one more of the same unit, or one less; null where there is none less: a time below zero is no time
    private static string? Beyond(string bound, int step)
    {
        var match = Number().Match(bound);
        var number = decimal.Parse(match.Groups[1].Value,
            CultureInfo.InvariantCulture) + (step * (match.Groups[1].Value.Contains('.', StringComparison.Ordinal) ? 0.1m : 1m));
        return number >= 0 || match.Groups[2].Length == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{number}{match.Groups[2].Value}")
            : null;
    }

    [GeneratedRegex(@"[Rr]ange (-?[\d.]+[A-Za-z]*) to ([\d.]*\d[A-Za-z]*)")]
    private static partial Regex Range();

    [GeneratedRegex(@"^(-?[\d.]+)(.*)$")]
    private static partial Regex Number();
}
