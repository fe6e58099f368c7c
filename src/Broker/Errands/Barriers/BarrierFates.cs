using System.Collections.Immutable;
using Npgsql;

namespace Broker.Errands.Barriers;

/// <summary>What is known of one statement behind a barrier when its trip is over.</summary>
internal enum BarrierFate
{
    /// <summary>It is committed.</summary>
    Committed,
    /// <summary>The server refused it, and it is told so.</summary>
    Refused,
    /// <summary>It did not take effect because of its company or the broker, and runs again alone.</summary>
    RunAgain,
    /// <summary>Nobody knows whether it took effect.</summary>
    Unknown,
}

/// <summary>
/// Decides what became of each member of a trip with error barriers. Pure. Each member is a transaction of its own, which ends behind its
/// completion: that a completion was read proves nothing until the answer to a later statement was.
/// </summary>
internal static class BarrierFates
{
    /// <summary>
    /// Errors that a member may owe to its trip: our lock timeout, our cancel of a trip that is too old, statements prepared before.
    /// </summary>
    internal static bool IsTheTripsFault(string sqlState) => sqlState is "55P03" or "57014" or "26000" or "0A000";

    /// <summary>All answers were read.</summary>
    /// <param name="errors">The error of each member; null for those without.</param>
    internal static ImmutableArray<BarrierFate> AfterAnswers(ImmutableArray<PostgresException?> errors) => [.. errors.Select(OfAnswered)];

    /// <summary>The connection was lost on the way.</summary>
    /// <param name="errors">The errors read.</param>
    /// <param name="completed">Whether the member's completion was read.</param>
    /// <param name="endedAt">
    /// Which member the server was working on when it ended the connection in words: later ones never began. Null without words.
    /// </param>
    internal static ImmutableArray<BarrierFate> AfterLoss(ImmutableArray<PostgresException?> errors, ImmutableArray<bool> completed,
        int? endedAt)
    {
        var lastHeard = -1;
        for (var i = 0; i < errors.Length; i++)
        {
            lastHeard = completed[i] || errors[i] is not null ? i : lastHeard;
        }
        var executing = endedAt ?? lastHeard;
        return
        [
            .. errors.Select((error, i) => i < executing && (completed[i] || error is not null) ? OfAnswered(error)
                : i > executing && endedAt is not null ? BarrierFate.RunAgain
                : BarrierFate.Unknown),
        ];
    }

    private static BarrierFate OfAnswered(PostgresException? error) =>
        error is null ? BarrierFate.Committed : IsTheTripsFault(error.SqlState) ? BarrierFate.RunAgain : BarrierFate.Refused;
}
