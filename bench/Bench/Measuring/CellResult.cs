namespace Broker.Bench.Measuring;

/// <summary>The rounds of all contenders in one cell.</summary>
internal sealed record CellResult(Cell Cell, IReadOnlyList<ContenderResult> Contenders)
{
    public ContenderResult? Of(string contender) => Contenders.FirstOrDefault(result => result.Name == contender);

    /// <summary>
    /// Throughput of one group of callers against another contender's: the median of the ratios of rounds that ran next to
    /// each other, which drifts less than the ratio of two medians. Null when either did not take part.
    /// </summary>
    public double? Ratio(string contender, string against, string group) =>
        Of(contender) is { } ours && Of(against) is { } theirs
            ? Median.Of(ours.Rounds.Zip(theirs.Rounds, (a, b) => PerSecond(a, group) / PerSecond(b, group)))
            : null;

    public override string ToString() =>
        $"{Cell}: {string.Join(", ", Contenders.Select(contender => $"{contender.Name} {contender.Typical.PerSecond:0} {Cell.Unit}s/s"))}";

    private static double PerSecond(Round round, string group) => round.Groups.First(figures => figures.Name == group).PerSecond;
}

internal sealed record ContenderResult(string Name, IReadOnlyList<Round> Rounds)
{
    /// <summary>Each figure is the median over the rounds, except a group's maximum, which is the greatest.</summary>
    public Round Typical { get; } = new(
        [.. Enumerable.Range(0, Rounds[0].Groups.Count).Select(group => Group([.. Rounds.Select(round => round.Groups[group])]))],
        Median.OfKnown(Rounds.Select(round => round.ClientMicroseconds)),
        Median.OfKnown(Rounds.Select(round => round.ServerMicroseconds)),
        Median.OfKnown(Rounds.Select(round => round.AllocatedBytes)),
        Median.OfKnown(Rounds.Select(round => round.Gen0)),
        Median.OfKnown(Rounds.Select(round => round.Gen1)),
        Median.OfKnown(Rounds.Select(round => round.Gen2)),
        Median.OfKnown(Rounds.Select(round => round.ForeignCores)),
        Rounds[0].Beside.Keys.ToDictionary(name => name, name => Rounds.Max(round => round.Beside[name])));

    private static GroupFigures Group(GroupFigures[] rounds) => new(
        rounds[0].Name,
        Median.Of(rounds.Select(figures => figures.PerSecond)),
        Median.Of(rounds.Select(figures => figures.P50)),
        Median.Of(rounds.Select(figures => figures.P99)),
        rounds.Max(figures => figures.Maximum));
}
