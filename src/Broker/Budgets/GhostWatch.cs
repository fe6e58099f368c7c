using System.Collections.Immutable;

namespace Broker.Budgets;

/// <summary>
/// When the server is asked about ghosts: at once for a new one (a closed socket is usually noticed within milliseconds), then ever less
/// often. Times are since the budget's start.
/// </summary>
internal sealed record GhostWatch
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Counts the probes; the last one's number.</summary>
    internal long LastProbe { get; init; }

    /// <summary>Whether the last one is unanswered.</summary>
    internal bool IsAsking { get; init; }

    /// <summary>Which ghosts the last one is about: of others its answer says nothing.</summary>
    internal ImmutableArray<PermitId> About { get; init; } = [];

    /// <summary>Who was asked last: an unanswered or failed probe goes to another one next.</summary>
    internal HolderId? LastAsked { get; init; }

    /// <summary>When the next probe is due, also if the last one is still unanswered.</summary>
    internal TimeSpan Due { get; init; }

    /// <summary>How long to wait after the next answer.</summary>
    internal TimeSpan Pause { get; init; } = Shortest;

    internal GhostWatch Appeared(TimeSpan now) => this with { Due = IsAsking ? Due : now, Pause = Shortest };

    internal GhostWatch Asked(HolderId holder, ImmutableArray<PermitId> about, TimeSpan now) =>
        this with { LastProbe = LastProbe + 1, About = about, IsAsking = true, LastAsked = holder, Due = now + Longest };

    internal GhostWatch Answered(TimeSpan now) => this with
    {
        IsAsking = false,
        Due = now + Pause,
        Pause = Pause * 2 < Longest ? Pause * 2 : Longest,
    };
}
