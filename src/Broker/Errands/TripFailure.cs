namespace Broker.Errands;

/// <summary>What becomes of a member of a failed group.</summary>
internal enum MemberFate
{
    /// <summary>Its answer was complete and stands.</summary>
    Answered,
    /// <summary>It is told the failure.</summary>
    Told,
    /// <summary>It runs again, alone.</summary>
    RunAgain,
    /// <summary>Its outcome depends on the group's COMMIT, which must be settled first.</summary>
    Settle,
}

/// <summary>
/// Decides the fate of each member of a group that failed. Pure. A group's failure must look to each
/// caller as if its statement had travelled alone.
/// </summary>
internal static class TripFailure
{
    /// <summary>
    /// SQLSTATEs of a read that may be the group's fault and not the member's: transaction state, serialization, lock timeout, cancel,
    /// duplicate names within the shared transaction.
    /// </summary>
    internal static bool MayBeTheGroupsFault(string sqlState) =>
        sqlState.StartsWith("25", StringComparison.Ordinal)
        || sqlState.StartsWith("40", StringComparison.Ordinal)
        || sqlState is "55P03" or "57014" or "2D000" or "0A000" or "42P03" or "42P05" or "42P07";

    /// <summary>
    /// The fate of member <paramref name="index"/> after the server refused the carrier <paramref name="failed"/> with an error.
    /// </summary>
    /// <param name="shape">A group's shape.</param>
    /// <param name="members">How many members the group has.</param>
    /// <param name="index">Which member.</param>
    /// <param name="failed">
    /// The carrier that failed; behind all members when COMMIT itself failed, at -1 when what stands before the members did.
    /// </param>
    /// <param name="sqlState">The server's SQLSTATE.</param>
    internal static MemberFate AfterError(TripShape shape, int members, int index, Carrier failed, string sqlState) => shape switch
    {
        TripShape.Alone or TripShape.Keyed or TripShape.Barrier => MemberFate.Told,
        // A unique violation against an uncommitted neighbour may be untrue afterwards, so all of them run again, unless there was no
        // neighbour.
        TripShape.WriteGroup => members == 1 && failed.First >= 0 ? MemberFate.Told : MemberFate.RunAgain,
        TripShape.ReadGroup when index < failed.First => MemberFate.Answered,
        // Which of the members of one statement was refused, only their running alone can tell.
        TripShape.ReadGroup when index < failed.End =>
            failed.IsFolded || MayBeTheGroupsFault(sqlState) ? MemberFate.RunAgain : MemberFate.Told,
        TripShape.ReadGroup => MemberFate.RunAgain,
    };

    /// <summary>The fate of member <paramref name="index"/> after the connection was lost while <paramref name="executing"/> ran.</summary>
    /// <param name="shape">A group's shape.</param>
    /// <param name="index">Which member.</param>
    /// <param name="executing">The carrier whose answer was awaited.</param>
    /// <param name="farewell">
    /// Whether the server said why it ended the connection: then no statement of ours has killed its process.
    /// </param>
    internal static MemberFate AfterLoss(TripShape shape, int index, Carrier executing, bool farewell) => shape switch
    {
        TripShape.Alone or TripShape.Keyed or TripShape.Barrier => MemberFate.Told,
        // COMMIT was sent in the same round trip, so it may have happened.
        TripShape.WriteGroup => MemberFate.Settle,
        TripShape.ReadGroup when index < executing.First => MemberFate.Answered,
        // A query that kills its server process must not be given a second one.
        TripShape.ReadGroup when index < executing.End => executing.IsFolded && farewell ? MemberFate.RunAgain : MemberFate.Told,
        TripShape.ReadGroup => MemberFate.RunAgain,
    };
}
