using System.Collections.Frozen;

namespace Broker.Statements;

/// <summary>The word that says what a statement does; for WITH the one behind the common table expressions.</summary>
internal enum StatementVerb
{
    /// <summary>Nothing but blanks and comments.</summary>
    None, Select, Values, Table, Insert, Update, Delete, Merge,

    /// <summary>A WITH whose main statement was not found.</summary>
    With,

    /// <summary>BEGIN or START TRANSACTION.</summary>
    Begin,

    /// <summary>COMMIT or END, of a prepared transaction too.</summary>
    Commit,

    /// <summary>ROLLBACK or ABORT, of a prepared transaction and to a savepoint too.</summary>
    Rollback, Savepoint, Release,

    /// <summary>PREPARE of a statement, or of a transaction.</summary>
    Prepare, Execute, Deallocate,

    /// <summary>SET in all its forms, SET TRANSACTION and SET ROLE included.</summary>
    Set, Reset, Show, Discard, Load, Listen, Unlisten, Notify, Declare, Fetch, Move, Close, Copy, Lock, Call, Do, Explain,
    Create, Alter, Drop, Truncate, Grant, Revoke, Comment, Vacuum, Analyze, Cluster, Reindex, Refresh, Checkpoint,

    /// <summary>A word not listed here.</summary>
    Other,
}

/// <summary>What follows from a verb alone.</summary>
internal static class StatementVerbs
{
    private static readonly FrozenDictionary<string, StatementVerb> ByWord =
        Enum.GetValues<StatementVerb>()
            .Where(verb => verb is not (StatementVerb.None or StatementVerb.Other))
            .Select(verb => (Word: verb.ToString().ToUpperInvariant(), Verb: verb))
            .Append((Word: "START", Verb: StatementVerb.Begin))
            .Append((Word: "END", Verb: StatementVerb.Commit))
            .Append((Word: "ABORT", Verb: StatementVerb.Rollback))
            .Append((Word: "ANALYSE", Verb: StatementVerb.Analyze))
            .ToFrozenDictionary(pair => pair.Word, pair => pair.Verb, StringComparer.OrdinalIgnoreCase);

    /// <summary>The verb that the unquoted <paramref name="word"/> is, in any case.</summary>
    public static StatementVerb Of(ReadOnlySpan<char> word) =>
        ByWord.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out var verb) ? verb : StatementVerb.Other;

    /// <summary>Whether the statement answers with rows and may run in a read-only transaction.</summary>
    public static bool IsRead(this StatementVerb verb) => verb is StatementVerb.Select or StatementVerb.Values or StatementVerb.Table;

    /// <summary>Whether the statement changes rows of one table.</summary>
    public static bool IsWrite(this StatementVerb verb) =>
        verb is StatementVerb.Insert or StatementVerb.Update or StatementVerb.Delete or StatementVerb.Merge;
}
