using Broker.Client.Entities;

namespace Broker.Client.Flushing;

/// <summary>How rows are updated: those that are not as they were read make the server refuse.</summary>
internal static class UpdateTexts
{
    internal static string One(Batch batch)
    {
        var pieces = new Pieces();
        var identifying = batch.Identifying.ToDictionary(column => column.Index, column => $"{pieces.NextParameter()}{column.Cast}");
        var set = Set(batch, column => $"{pieces.NextParameter()}{column.Cast}");
        pieces.Next();
        pieces.Add("w0",
            $"UPDATE {batch.Map.Table.Quoted} AS t SET {set} WHERE {Guard.Condition(batch, column => identifying[column.Index])} RETURNING "
                + $"{Returning(batch, "1::bigint AS n")}");
        return $"{pieces.With} {Result(batch, Guard.One(0))}";
    }

    internal static string Many(Batch batch)
    {
        var pieces = new Pieces();
        pieces.Next();
        EntityColumn[] identifying = [.. batch.Identifying];
        var columns = batch.Columns.Of(batch.Map);
        var names = identifying.Select(column => $"o{column.Index}").Concat(columns.Select(column => $"c{column.Index}"));
        var source = $"{pieces.Unnest(identifying.Concat(columns))} WITH ORDINALITY AS u({string.Join(", ", names)}, n)";
        pieces.Add("w0",
            $"UPDATE {batch.Map.Table.Quoted} AS t SET {Set(batch, column => $"u.c{column.Index}{column.Cast}")} FROM {source} "
            + $"WHERE {Guard.Condition(batch, column => $"u.o{column.Index}{column.Cast}")} RETURNING {Returning(batch, "u.n")}");
        return $"{pieces.With} {Result(batch, Guard.ManyOf(0, "$1"))}";
    }

    private static string Set(Batch batch, Func<EntityColumn, string> value)
    {
        var set = batch.Columns.Of(batch.Map).Select(column => $"{column.Quoted} = {value(column)}")
            .Concat(batch.Defaults.Of(batch.Map).Select(column => $"{column.Quoted} = DEFAULT"));
        return string.Join(", ",
            batch.Map.Version is { Kind: VersionKind.Counter, Column: var version } ? set
                .Append($"{version.Quoted} = t.{version.Quoted} + 1") : set);
    }

    private static string Returning(Batch batch, string ordinal) =>
        batch.Returned.IsEmpty ? ordinal : $"{ordinal}, {Pieces.Returning(batch.Returned.Of(batch.Map), "t")}";

    // An outer join, so that the guard is looked at when no row was written.
    private static string Result(Batch batch, string guard) => batch.Returned.IsEmpty
        ? $"SELECT {guard} AS stale"
        : $"SELECT g.stale, w.n, {string.Join(", ", batch.Returned.Of(batch.Map).Select(column => $"w.r{column.Index}"))} FROM "
            + $"(SELECT {guard} AS stale) g LEFT JOIN w0 w ON true";
}
