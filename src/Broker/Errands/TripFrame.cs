namespace Broker.Errands;

/// <summary>The fixed statements around the members of a trip, for one lock timeout. Each is prepared once.</summary>
internal sealed class TripFrame
{
    internal const string Begin = "BEGIN";
    internal const string BeginRead = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";
    internal const string BeginWrite = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    internal const string ConstraintsNow = "SET CONSTRAINTS ALL IMMEDIATE";
    // What a statement costs is measured on the server's own clock: COMMIT's flush of the log, the way, and the client's load do not count.
    internal const string Clock = "SELECT clock_timestamp()";
    internal const string Commit = "COMMIT";
    /// <summary>A write that has no company may wait for locks as long as it would alone.</summary>
    internal const string OpenSingleWrite = "SELECT clock_timestamp(), pg_current_xact_id()";

    internal TripFrame(TimeSpan lockTimeout)
    {
        var set = $"set_config('lock_timeout', '{(long)lockTimeout.TotalMilliseconds}', true)";
        OpenRead = $"SELECT clock_timestamp(), {set}";
        OpenWrite = $"SELECT clock_timestamp(), pg_current_xact_id(), {set}";
    }

    /// <summary>Starts the clock of a read group and sets its lock timeout.</summary>
    internal string OpenRead { get; }

    /// <summary>Starts the clock of a write group, sets its lock timeout, and asks for its transaction id.</summary>
    internal string OpenWrite { get; }

    /// <summary>All of them.</summary>
    internal IEnumerable<string> Texts => [Begin, BeginRead, BeginWrite, ConstraintsNow, Clock, Commit, OpenRead, OpenWrite, OpenSingleWrite];
}
