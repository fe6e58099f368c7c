using System.Collections.Immutable;
using Broker.Client.Protocol.Values;

namespace Broker.Settlement;

/// <summary>
/// The statements by which a write happens once however often it is sent: its key goes into the ledger in the write's own transaction.
/// <code>
/// trip 1: BEGIN ...; Claim(key); the write          -- a taken key fails here, before the write runs: ROLLBACK, then Find(key)
/// trip 2: Record(key, what it answered); COMMIT     -- before trip 2 is sent the transaction surely aborts with its connection
/// </code>
/// With nothing to record (the caller wants no answer but "done"), Claim, the write and COMMIT may go in one trip.
/// </summary>
/// <remarks>
/// A claim of a key whose original is still in progress waits for it, at most lock_timeout (55P03 then), and goes on if the original
/// aborts. In a group with other members a waiting claim would hold all of them up: keyed writes travel alone.
/// </remarks>
internal sealed class LedgerStatements
{
    private readonly LedgerTable _table;

    internal LedgerStatements(LedgerTable table) => _table = table;

    /// <summary>Takes the key for this transaction, before the write.</summary>
    internal Statement Claim(string key, long fingerprint) => new(
        $"insert into {_table.Quoted} (key, verdict, fingerprint) values ($1, 'done', $2)",
        [new Parameter<string>(key), new Parameter<long>(fingerprint)]);

    /// <summary>Records what the write answered, after it.</summary>
    internal Statement Record(string key, RecordedResult result) => new(
        $"update {_table.Quoted} set verb = $2, affected = $3, rows = $4 where key = $1",
        [
            new Parameter<string>(key), new Parameter<string>(result.Verb), new Parameter<long>(result.Affected),
            result.Rows is { } rows ? new Parameter<byte[]>([.. rows]) : Parameter.Null<byte[]>(),
        ]);

    /// <summary>Reads the key's row; no row when it is not there.</summary>
    internal Statement Find(string key) =>
        new($"select key, verdict, fingerprint, verb, affected, rows from {_table.Quoted} where key = $1", [new Parameter<string>(key)]);

    /// <summary>
    /// Forbids the key: waits for an original in progress, puts a refusal in its place if it is not there, and else changes nothing.
    /// </summary>
    /// <remarks>
    /// DO UPDATE ... WHERE false instead of DO NOTHING, because it also locks the row that is there: that writes to the log, so our COMMIT
    /// flushes the log up to there, with the original's COMMIT record before it, which may not have been flushed (synchronous_commit =
    /// off).
    /// </remarks>
    internal Statement Refuse(string key) => new(
        $"insert into {_table.Quoted} as ledger (key, verdict) values ($1, 'refused') on conflict "
            + "(key) do update set verdict = ledger.verdict where false",
        [new Parameter<string>(key)]);

    /// <summary>
    /// Settles a key: run in order, as one batch; the row of <see cref="Find"/> (the last but one) counts once COMMIT is answered. May be
    /// repeated. READ COMMITTED, so that the Find sees what the Refuse has waited for.
    /// </summary>
    internal ImmutableArray<Statement> Settle(string key, TimeSpan lockTimeout) =>
    [
        new Statement("begin isolation level read committed read write"),
        new Statement($"set local lock_timeout = {(long)lockTimeout.TotalMilliseconds}"),
        // stronger than on stays; off, local and remote_write become on
        new Statement(
            "select pg_catalog.set_config('synchronous_commit', 'on', true) where "
                + "pg_catalog.current_setting('synchronous_commit') <> 'remote_apply'"),
        Refuse(key),
        Find(key),
        new Statement("commit"),
    ];

    /// <summary>
    /// Removes rows older than <paramref name="keep"/>, oldest first, at most <paramref name="limit"/>; answers as many as it removed.
    /// Brokers that prune at once do not wait for each other.
    /// </summary>
    internal Statement Prune(TimeSpan keep, int limit) => new(
        $"""
        delete from {_table.Quoted} where key = any(array(
            select key from {_table.Quoted} where made < pg_catalog.clock_timestamp() - $1 order by made limit $2 for update skip locked))
        """,
        [new Parameter<TimeSpan>(keep), new Parameter<int>(limit)]);

    /// <summary>Reads the answer of <see cref="Find"/>; null when the key is not in the ledger.</summary>
    internal static LedgerEntry? Read(RowSet rows) => rows.Count == 0 ? null : Read(
        (string)rows.Columns[0].GetValue(0)!, (string)rows.Columns[1].GetValue(0)!, (long)rows.Columns[2].GetValue(0)!,
        (string?)rows.Columns[3].GetValue(0), (long?)rows.Columns[4].GetValue(0), (byte[]?)rows.Columns[5].GetValue(0));

    /// <summary>Reads the columns of <see cref="Find"/>.</summary>
    internal static LedgerEntry Read(string key, string verdict, long fingerprint, string? verb, long? affected, byte[]? rows) => new(
        key, verdict == "done" ? LedgerVerdict.Done : LedgerVerdict.Refused, fingerprint,
        verb is null ? null : new RecordedResult(verb, affected ?? -1, rows is null ? null : ImmutableArray.Create(rows)));
}
