using Broker.Client.Entities;

namespace Broker.Client.Flushing;

/// <summary>
/// How rows are inserted. Where keys are wanted back they are drawn first and matched by their ordinal, never by the order of RETURNING.
/// </summary>
internal static class InsertTexts
{
    /// <summary>Whether many rows can go in one statement, and what the server gives be matched to them.</summary>
    internal static bool CanGoTogether(Batch batch) =>
        batch.Returned.IsEmpty || (!batch.Map.Table.ChangesInserts && Drawn(batch).All(CanBeDrawn));

    /// <summary>Whether a column's value can be drawn before the row is written.</summary>
    internal static bool CanBeDrawn(EntityColumn column) => column.Facts is { Default: not null, CanDraw: true } && !column.IsComputed;

    internal static string One(Batch batch)
    {
        var columns = batch.Columns.Of(batch.Map);
        var returned = batch.Returned.IsEmpty ? "" : $" RETURNING {Pieces.Returning(batch.Returned.Of(batch.Map), "t")}";
        return columns.Length == 0
            ? $"INSERT INTO {batch.Map.Table.Quoted} AS t DEFAULT VALUES{returned}"
            : $"INSERT INTO {batch.Map.Table.Quoted} AS t ({Pieces.List(columns)}){Overriding(columns)} VALUES "
                + $"({string.Join(", ", columns.Select((column, i) => $"${i + 1}{column.Cast}"))}){returned}";
    }

    internal static string Many(Batch batch)
    {
        var pieces = new Pieces();
        if (batch.Returned.IsEmpty)
            return Plain(batch, pieces);
        var result = Piece(batch, pieces);
        return $"{pieces.With} {result}";
    }

    internal static string Copy(Batch batch) =>
        $"COPY {batch.Map.Table.Quoted} ({Pieces.List(batch.Columns.Of(batch.Map))}) FROM STDIN (FORMAT BINARY)";

    /// <summary>
    /// Adds the piece of a batch, and says what selects its ordinals (n) and returned columns (r); null when it wants none.
    /// </summary>
    internal static string? Piece(Batch batch, Pieces pieces)
    {
        var number = pieces.Next();
        if (batch.Returned.IsEmpty)
        {
            pieces.Add($"w{number}", Plain(batch, pieces));
            return null;
        }
        var (map, columns, returned) = (batch.Map, batch.Columns.Of(batch.Map), batch.Returned.Of(batch.Map));
        EntityColumn[] drawn = [.. Drawn(batch)];
        EntityColumn[] written = [.. columns, .. drawn];
        var source = columns.Length == 0
            ? $"generate_series(1, {pieces.NextParameter()}::bigint) AS u(n)"
            : $"{pieces.Unnest(columns)} WITH ORDINALITY AS u({Pieces.Names("c", columns)}, n)";
        string[] input = ["u.n", .. columns.Select(column => $"u.c{column.Index}{column.Cast} AS c{column.Index}"),
            .. drawn.Select(column => $"({column.Facts.Default})::{column.Facts.TypeName} AS c{column.Index}")];
        pieces.Add($"i{number}", $"SELECT {string.Join(", ", input)} FROM {source}", materialized: true);
        var insert = written.Length == 0
            ? throw new InvalidOperationException("a key that is neither sent nor drawn is inserted row by row")
            : $"INSERT INTO {map.Table.Quoted} AS t "
                + $"({Pieces.List(written)}){Overriding(written)} SELECT {Pieces.Names("c", written)} FROM i{number}";
        if (batch.Returned.Except(ColumnSet.Of(drawn)).IsEmpty)
        {
            pieces.Add($"w{number}", insert);
            var read = returned.Select(column => $"c{column.Index}{SelectTexts.ReadCast(column)} AS r{column.Index}");
            return $"SELECT n, {string.Join(", ", read)} FROM i{number}";
        }
        pieces.Add($"w{number}",
            $"{insert} RETURNING {string.Join(", ", map.Key.Select(column => $"t.{column.Quoted} AS k{column.Index}"))}, "
                + $"{Pieces.Returning(returned, "t")}");
        return $"SELECT i.n, {string.Join(", ", returned.Select(column => $"w.r{column.Index}"))} FROM w{number} w JOIN i{number} i ON "
            + string.Join(" AND ", map.Key.Select(column => $"w.k{column.Index} = i.c{column.Index}"));
    }

    private static string Plain(Batch batch, Pieces pieces)
    {
        var columns = batch.Columns.Of(batch.Map);
        return $"INSERT INTO {batch.Map.Table.Quoted} "
            + $"({Pieces.List(columns)}){Overriding(columns)} SELECT "
            + $"{string.Join(", ", columns.Select(column => $"u.c{column.Index}{column.Cast}"))} "
            + $"FROM {pieces.Unnest(columns)} AS u({Pieces.Names("c", columns)})";
    }

    /// <summary>The columns of the key that the server is to give.</summary>
    private static IEnumerable<EntityColumn> Drawn(Batch batch) => batch.Map.Key.Where(column => !batch.Columns.Contains(column.Index));

    // said only where it is needed: a view knows no such clause
    private static string Overriding(IEnumerable<EntityColumn> columns) =>
        columns.Any(column => column.Facts.IsIdentity) ? " OVERRIDING SYSTEM VALUE" : "";
}
