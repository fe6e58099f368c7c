namespace Broker.Settlement;

/// <summary>What became of a transaction in doubt.</summary>
internal abstract record SettledOutcome
{
    private SettledOutcome() { }

    /// <summary>It is committed.</summary>
    /// <param name="Entry">Its row of the ledger, if the ledger told it.</param>
    internal sealed record Committed(LedgerEntry? Entry = null) : SettledOutcome;

    /// <summary>It is not, and never will be: it may be run again.</summary>
    /// <param name="Cause">How that is known.</param>
    /// <param name="KeyRefused">Whether the ledger refuses its key from now on, so that it may not be run again under the same.</param>
    internal sealed record Aborted(string Cause, bool KeyRefused = false) : SettledOutcome;

    /// <summary>Nobody can tell within the limit: it must not be run again.</summary>
    internal sealed record Unknown(string Cause) : SettledOutcome
    {
        /// <summary>Whoever was to settle it is gone with its pool.</summary>
        internal static readonly Unknown PoolEnded = new("its pool ended before it was settled");
    }
}
