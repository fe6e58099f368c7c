using System.Globalization;
using System.Text.RegularExpressions;
using Broker.Client.Entities;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Flushing;

/// <summary>
/// Makes the server itself refuse a statement that did not find all of its rows, so that a COMMIT sent behind it is refused too: the
/// ordinals of the missing rows are cast to a number, and come back in the message.
/// </summary>
internal static partial class Guard
{
    private const string Mark = "broker stale";

    /// <summary>An expression that is 0, or fails when w has fewer rows than i.</summary>
    internal static string Many(int piece, string written) =>
        $"CASE WHEN (SELECT count(*) FROM {written}{piece}) < (SELECT count(*) FROM i{piece}) THEN ('{Mark} {piece}: ' || "
        + $"(SELECT string_agg(i.n::text, ',' ORDER BY i.n) FROM i{piece} i WHERE i.n NOT IN "
        + $"(SELECT w.n FROM {written}{piece} w)))::int ELSE 0 END";

    /// <summary>
    /// The same where the rows that were meant are in an array parameter: nothing is kept of them but how many they are, which costs a
    /// third less than to keep them.
    /// </summary>
    internal static string ManyOf(int piece, string array) =>
        $"CASE WHEN (SELECT count(*) FROM w{piece}) < cardinality({array}) THEN ('{Mark} {piece}: ' || "
            + "(SELECT string_agg(g.n::text, ',' ORDER BY g.n) "
        + $"FROM generate_series(1, cardinality({array})) AS g(n) WHERE g.n NOT IN (SELECT w.n FROM w{piece} w)))::int ELSE 0 END";

    /// <summary>The same for one row. What it casts is no constant: that would be refused at once.</summary>
    internal static string One(int piece) =>
        $"CASE (SELECT count(*) FROM w{piece}) WHEN 0 THEN ('{Mark} {piece}: ' || (1 + (SELECT count(*) FROM w{piece})))::int ELSE 0 END";

    /// <summary>Which row is meant, and that it is still as it was read: `t` against `i`, or against parameters.</summary>
    internal static string Condition(Batch batch, Func<EntityColumn, string> value) => string.Join(" AND ",
        batch.Map.Key.Select(column => $"t.{column.Quoted} = {value(column)}")
            .Concat(batch.Guarding.Select(column => Same(column, value(column)))));

    private static string Same(EntityColumn column, string value) =>
        column.Facts.BaseType == "json" ? $"t.{column.Quoted}::jsonb IS NOT DISTINCT FROM {value}::jsonb"
        : column.Facts.NotNull ? $"t.{column.Quoted} = {value}"
        : $"t.{column.Quoted} IS NOT DISTINCT FROM {value}";

    /// <summary>The piece and the ordinals, counted from 1, that the server named; null when it failed for another reason.</summary>
    internal static (int Piece, int[] Ordinals)? Read(StatementFailed failed) =>
        failed.ServerSqlState == "22P02" && Marked().Match(failed.ServerMessage) is { Success: true } found
            ? (Number(found.Groups[1].Value), [.. found.Groups[2].Value.Split(',').Select(Number)])
            : null;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(Mark + @" (\d+): ([\d,]+)")]
    private static partial Regex Marked();
}
