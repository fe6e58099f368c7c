using Broker.Client.Entities;

namespace Broker.Client.Flushing;

/// <summary>
/// How rows are deleted. Those with a version make the server refuse when they are not as they were read; others may be gone already.
/// </summary>
internal static class DeleteTexts
{
    internal static string One(Batch batch)
    {
        var pieces = new Pieces();
        var identifying = batch.Identifying.ToDictionary(column => column.Index, column => $"{pieces.NextParameter()}{column.Cast}");
        var delete = $"DELETE FROM {batch.Map.Table.Quoted} AS t WHERE {Guard.Condition(batch, column => identifying[column.Index])}";
        if (!batch.IsGuarded)
            return delete;
        pieces.Next();
        pieces.Add("w0", $"{delete} RETURNING 1 AS n");
        return $"{pieces.With} SELECT {Guard.One(0)} AS stale";
    }

    internal static string Many(Batch batch)
    {
        var pieces = new Pieces();
        if (!batch.IsGuarded)
            return Plain(batch, pieces);
        var result = Piece(batch, pieces);
        return $"{pieces.With} SELECT {result} AS stale";
    }

    /// <summary>
    /// Adds the piece of a batch, and says the expression that is 0 when it found what it must, or else fails; for one without a guard: how
    /// many rows went.
    /// </summary>
    internal static string Piece(Batch batch, Pieces pieces)
    {
        var number = pieces.Next();
        if (!batch.IsGuarded)
        {
            pieces.Add($"w{number}", $"{Plain(batch, pieces)} RETURNING 1");
            return $"(SELECT count(*) FROM w{number})";
        }
        EntityColumn[] identifying = [.. batch.Identifying];
        var first = $"${pieces.Parameters + 1}";
        pieces.Add($"w{number}", $"DELETE FROM {batch.Map.Table.Quoted} AS t "
            + $"USING {pieces.Unnest(identifying)} WITH ORDINALITY AS u({Pieces.Names("o", identifying)}, n) "
            + $"WHERE {Guard.Condition(batch, column => $"u.o{column.Index}{column.Cast}")} RETURNING u.n");
        return $"({Guard.ManyOf(number, first)})::bigint";
    }

    private static string Plain(Batch batch, Pieces pieces) =>
        $"DELETE FROM {batch.Map.Table.Quoted} AS t USING {pieces.Unnest(batch.Map.Key)} AS u({Pieces.Names("o", batch.Map.Key)}) "
        + $"WHERE {Guard.Condition(batch, column => $"u.o{column.Index}{column.Cast}")}";
}
