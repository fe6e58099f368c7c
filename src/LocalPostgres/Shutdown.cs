namespace Broker.Postgres;

/// <summary>How a server is told to stop; the names are those of <c>pg_ctl stop --mode</c>.</summary>
internal enum Shutdown
{
    /// <summary>Roll back what runs, disconnect everybody, write a checkpoint.</summary>
    Fast,

    /// <summary>Leave at once, as in a crash: the next start recovers from the log.</summary>
    Immediate,
}
