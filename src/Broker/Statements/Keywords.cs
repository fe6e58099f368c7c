using System.Collections.Frozen;

namespace Broker.Statements;

/// <summary>
/// The words that can never be a name without quotes, in any version from 13 to 18. Leaving a word out of these sets
/// costs a question to the catalogue; having one too many would hide a name, so only certain ones are here.
/// </summary>
internal static class Keywords
{
    private static readonly FrozenSet<string> Reserved = Words(
        """
        all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create current_catalog
        current_date current_role current_time current_timestamp current_user default deferrable desc distinct do else end except
        false fetch for foreign from grant group having in initially intersect into lateral leading limit localtime localtimestamp
        not null offset on only or order placing primary references returning select session_user some symmetric table then to
        trailing true union unique user using variadic when where window with
        """);

    // words of the grammar that may name a table or column, but never a function or type; without those that are called
    // like functions and are looked up along the search_path (overlay, position, substring, normalize)
    private static readonly FrozenSet<string> NeverCalled = Words(
        """
        between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int integer
        interval least national nchar none nullif numeric out precision real row setof smallint time timestamp trim values varchar
        xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
        """);

    private static readonly FrozenSet<string> SystemColumns = Words("xmin xmax cmin cmax ctid tableoid");

    /// <summary>Whether an unquoted <paramref name="word"/> in lower case is no name at all.</summary>
    public static bool IsReserved(string word) => Reserved.Contains(word);

    /// <summary>Whether an unquoted <paramref name="word"/> in lower case before a parenthesis is grammar, not a call.</summary>
    public static bool IsNeverCalled(string word) => Reserved.Contains(word) || NeverCalled.Contains(word);

    /// <summary>Whether <paramref name="name"/> is a column that every table has.</summary>
    public static bool IsSystemColumn(string name) => SystemColumns.Contains(name);

    /// <summary>Whether the function <paramref name="name"/> tells something of the transaction it runs in.</summary>
    public static bool TellsTransaction(string name) =>
        name.StartsWith("txid_", StringComparison.Ordinal)
        || name.StartsWith("pg_current_xact", StringComparison.Ordinal)
        || name.StartsWith("pg_snapshot_", StringComparison.Ordinal)
        || name is "pg_current_snapshot" or "pg_visible_in_snapshot" or "pg_xact_status" or "pg_xact_commit_timestamp"
            or "pg_last_committed_xact" or "mxid_age";

    /// <summary>A set of the blank-separated words of <paramref name="text"/>.</summary>
    public static FrozenSet<string> Words(string text) =>
        text.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
