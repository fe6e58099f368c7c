using System.Collections.Immutable;

namespace Broker.Configuration;

/// <summary>
/// The configuration cannot be used, and the broker does not start. All problems are listed at once, so that one
/// edit mends them; no secret is among the values.
/// </summary>
public sealed class SettingsException : Exception
{
    /// <summary>Carries every problem found; at least one.</summary>
    public SettingsException(ImmutableArray<SettingsProblem> problems)
        : base(Describe(problems)) => Problems = problems;

    /// <summary>What is wrong, in the order it was found.</summary>
    public ImmutableArray<SettingsProblem> Problems { get; }

    private static string Describe(ImmutableArray<SettingsProblem> problems) =>
        $"The broker's configuration has {(problems.Length == 1 ? "a problem" : $"{problems.Length} problems")}:"
        + string.Concat(problems.Select(problem => $"{Environment.NewLine}  - {problem}"));
}
