using Broker.Bench.Reporting;

namespace Broker.Bench.Measuring;

/// <summary>One place of a matrix: what is measured, how much of it, and against whom.</summary>
/// <param name="Work">What is done; cells of the same work share a table on the screen.</param>
internal abstract record Cell(string Work)
{
    /// <summary>Whose throughput the others' is divided by.</summary>
    public abstract string Baseline { get; }

    /// <summary>What <see cref="Place"/> counts.</summary>
    public abstract string PlaceTitle { get; }

    /// <summary>Which cell of its table it is.</summary>
    public abstract string Place { get; }

    /// <summary>What is counted as one operation.</summary>
    public virtual string Unit => "op";

    /// <summary>What makes it this cell, for the file of results.</summary>
    public abstract IReadOnlyDictionary<string, int> Sizes { get; }

    /// <summary>What the broker is expected to reach for one group of callers, with what was seen.</summary>
    public abstract IEnumerable<Target> Targets(CellResult result, GroupFigures group);

    /// <summary>All contenders in turn, round by round (A B A B), so that a noisy minute hits all of them.</summary>
    protected async Task<CellResult> InterleaveAsync<T>(
        IReadOnlyList<T> contenders, Func<T, string> name, int rounds, Func<T, Task<Round>> run)
    {
        var seen = contenders.Select(_ => new List<Round>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var contender = 0; contender < contenders.Count; contender++)
            {
                seen[contender].Add(await run(contenders[contender]));
            }
        }

        return new CellResult(this, [.. contenders.Select((contender, index) => new ContenderResult(name(contender), seen[index]))]);
    }
}
