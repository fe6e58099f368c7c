namespace Broker.Errands;

/// <summary>The fixed statements around the members of a trip, for one lock timeout. Each is prepared once.</summary>
internal sealed class TripFrame
{
    internal const string Begin = "BEGIN";
    internal const string BeginRead = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";
    internal const string BeginWrite = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    internal const string ConstraintsNow = "SET CONSTRAINTS ALL IMMEDIATE";
    // What a statement costs is measured on the server's own clock: COMMIT's flush of the log, the way, and the client's load do not count.
    internal const string Clock = $"SELECT pg_catalog.clock_timestamp() AS {ClockName}";
    /// <summary>The column that tells the clock's answer from a member's.</summary>
    internal const string ClockName = "broker_clock";
    /// <summary>
    /// The clock behind the members of a write group. The barrier parts BEGIN from them: had BEGIN failed, they would be a transaction of
    /// their own, and committed, while all hear that they must run again. So this one fails where what was set behind BEGIN is not there,
    /// and they with it.
    /// </summary>
    internal const string WriteClock =
        $"SELECT pg_catalog.clock_timestamp() AS {ClockName}, 1 / COALESCE(CAST(pg_catalog.current_setting('{Mark}', true) = "
            + "'open' AS pg_catalog.int4), 0)";
    internal const string Commit = "COMMIT";
    /// <summary>A write that has no company may wait for locks as long as it would alone.</summary>
    internal const string OpenSingleWrite = $"SELECT pg_catalog.clock_timestamp(), pg_catalog.pg_current_xact_id(), {SetMark}";

    private const string Mark = "broker.write";
    private const string SetMark = $"pg_catalog.set_config('{Mark}', 'open', true)";

    internal TripFrame(TimeSpan lockTimeout)
    {
        var set = $"pg_catalog.set_config('lock_timeout', '{(long)lockTimeout.TotalMilliseconds}', true)";
        OpenRead = $"SELECT pg_catalog.clock_timestamp(), {set}";
        OpenWrite = $"SELECT pg_catalog.clock_timestamp(), pg_catalog.pg_current_xact_id(), {set}, {SetMark}";
    }

    /// <summary>Starts the clock of a read group and sets its lock timeout.</summary>
    internal string OpenRead { get; }

    /// <summary>Starts the clock of a write group, sets its lock timeout, and asks for its transaction id.</summary>
    internal string OpenWrite { get; }

    /// <summary>All of them.</summary>
    internal IEnumerable<string> Texts =>
        [Begin, BeginRead, BeginWrite, ConstraintsNow, Clock, WriteClock, Commit, OpenRead, OpenWrite, OpenSingleWrite];
}
