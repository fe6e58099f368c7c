using System.Collections.Immutable;
using Broker.Client.Entities;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Flushing;

/// <summary>
/// How rows exchange unique values: all are deleted, then those that stay are inserted with their new values, in one statement. That the
/// count of the deleted is asked before the first is inserted makes the server finish deleting first.
/// </summary>
internal static class ExchangeText
{
    internal static string Make(Batch batch)
    {
        var pieces = new Pieces();
        pieces.Next();
        var map = batch.Map;
        EntityColumn[] identifying = [.. batch.Identifying];
        var columns = batch.Columns.Of(map);
        var unnest = pieces.Unnest(identifying.Concat(columns));
        var typed = identifying.Select(column => $"u.o{column.Index}{column.Cast} AS o{column.Index}")
            .Concat(columns.Select(column => $"u.c{column.Index}{column.Cast} AS c{column.Index}"));
        var names = identifying.Select(column => $"o{column.Index}").Concat(columns.Select(column => $"c{column.Index}"));
        pieces.Add("i0", $"SELECT u.n, u.keep, {string.Join(", ", typed)} FROM {unnest[..^1]}, {pieces.NextParameter()}::boolean[]) "
            + $"WITH ORDINALITY AS u({string.Join(", ", names)}, keep, n)", materialized: true);
        ColumnFacts[] all = [.. map.Table.Columns.Where(column => !column.IsComputed)];
        pieces.Add("d0", $"DELETE FROM {map.Table.Quoted} AS t USING i0 i WHERE {Guard.Condition(batch, column => $"i.o{column.Index}")} "
            + $"RETURNING i.n, i.keep, {string.Join(", ", all.Select((column, place) => $"{Value(batch, columns, column)} AS x{place}"))}");
        var returned = batch.Returned.Of(map);
        var overriding = all.Any(column => column.IsIdentity) ? " OVERRIDING SYSTEM VALUE" : "";
        var keys = string.Join(", ", map.Key.Select(column => $"t.{column.Quoted} AS k{column.Index}"));
        pieces.Add("w0", $"INSERT INTO {map.Table.Quoted} AS t ({string.Join(", ", all.Select(column => column.Quoted))}){overriding} "
            + $"SELECT {string.Join(", ", all.Select((_, place) => $"x{place}"))} FROM d0 "
            + "WHERE keep AND (SELECT count(*) FROM d0) = (SELECT count(*) FROM i0)"
            + (returned.Length == 0 ? "" : $" RETURNING {keys}, {Pieces.Returning(returned, "t")}"));
        var guard = Guard.Many(0, "d");
        if (returned.Length == 0)
            return $"{pieces.With} SELECT {guard} AS stale";
        var matched = string.Join(" AND ",
            map.Key.Select(column => $"w.k{column.Index} = d.x{Array.FindIndex(all, one => one.Name == column.Facts.Name)}"));
        return $"{pieces.With} SELECT g.stale, r.* FROM (SELECT {guard} AS stale) g LEFT JOIN "
            + $"(SELECT d.n, {string.Join(", ", returned.Select(column => $"w.r{column.Index}"))} FROM w0 w JOIN d0 "
            + $"d ON {matched}) r ON true";
    }

    internal static ImmutableArray<Parameter> Parameters(Batch batch) =>
        [.. batch.Many(), new Parameter<bool[]>(Array.ConvertAll(batch.Changes, change => change.Kind != ChangeKind.Delete))];

    private static string Value(Batch batch, EntityColumn[] written, ColumnFacts column) =>
        written.FirstOrDefault(one => one.Facts.Name == column.Name) is { } set ? $"i.c{set.Index}"
        : batch.Map.Version is { Kind: VersionKind.Counter, Column: var version } && version.Facts.Name == column.Name
            ? $"t.{column.Quoted} + 1"
        : $"t.{column.Quoted}";
}
