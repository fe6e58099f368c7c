namespace Broker.Statements;

/// <summary>What a fresh connection of a pool presumes, told by server, database and role together.</summary>
/// <param name="Isolation">default_transaction_isolation, in the server's words.</param>
/// <param name="Deferrable">default_transaction_deferrable.</param>
/// <param name="ReadOnly">default_transaction_read_only.</param>
/// <param name="ClientEncoding">client_encoding, in the server's spelling.</param>
/// <param name="StandardStrings">standard_conforming_strings.</param>
/// <param name="InRecovery">Whether the server is a standby.</param>
/// <param name="DeadlockTimeout">deadlock_timeout.</param>
internal sealed record PoolDefaults(
    string Isolation,
    bool Deferrable,
    bool ReadOnly,
    string ClientEncoding,
    bool StandardStrings,
    bool InRecovery,
    TimeSpan DeadlockTimeout)
{
    /// <summary>Whether every write is refused here, so that a refusal says nothing about the text.</summary>
    public bool IsReadOnlyServer => InRecovery || ReadOnly;

    /// <summary>Whether our lexer sees in a text what the server sees in it.</summary>
    public bool TextsAreReadAlike => StandardStrings && ClientEncoding is ("UTF8" or "SQL_ASCII");

    /// <summary>Whether groups may be made at all, and of what.</summary>
    public PackingAllowed Packing => this switch
    {
        { Isolation: not "read committed" } =>
            PackingAllowed.No($"default_transaction_isolation is '{Isolation}', groups need 'read committed'"),
        { Deferrable: true } => PackingAllowed.No("default_transaction_deferrable is on"),
        { StandardStrings: false } => PackingAllowed.No("standard_conforming_strings is off, so texts cannot be read safely"),
        { ClientEncoding: not ("UTF8" or "SQL_ASCII") } =>
            PackingAllowed.No($"client_encoding is {ClientEncoding}, neither UTF8 nor SQL_ASCII"),
        { InRecovery: true } => new PackingAllowed(Reads: true, Writes: false, "the server is in recovery: only reads are packed"),
        { ReadOnly: true } => new PackingAllowed(Reads: true, Writes: false, "default_transaction_read_only is on: only reads are packed"),
        _ => new PackingAllowed(Reads: true, Writes: true, ""),
    };

    /// <summary>
    /// The lock timeout of a group: <paramref name="wanted"/>, but below a quarter of <see cref="DeadlockTimeout"/>, at least 1 ms.
    /// </summary>
    public TimeSpan LockTimeout(TimeSpan wanted)
    {
        var limit = TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(DeadlockTimeout.TotalMilliseconds / 4) - 1));
        return wanted < limit ? wanted : limit;
    }
}

/// <summary>Whether a pool packs reads and writes, with words for the log when it does not pack both.</summary>
internal sealed record PackingAllowed(bool Reads, bool Writes, string Words)
{
    /// <summary>Nothing is packed, for the reason <paramref name="words"/>.</summary>
    public static PackingAllowed No(string words) => new(Reads: false, Writes: false, words);
}
