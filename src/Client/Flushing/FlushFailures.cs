using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Broker.Client.Entities;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Flushing;

/// <summary>
/// Says what the server refused in the words of the entities: which type, property and row. The server says values, and the row that has
/// them is looked for.
/// </summary>
internal static partial class FlushFailures
{
    internal static Failure Explain(Failure failure, ImmutableArray<PlannedStep> planned, int? step)
    {
        if (failure is not StatementFailed failed)
            return failure;
        ImmutableArray<Batch> batches = [.. planned.Where((_, at) => step is null || step == at).SelectMany(one => one.Batches)];
        return batches.IsEmpty ? failure : Guard.Read(failed) is { } stale && (step is not null || planned.Length == 1)
            ? Stale(batches[stale.Piece], stale.Ordinals)
            : Explain(failed, batches);
    }

    /// <summary>The same for what was sent before: a deferred constraint is checked at COMMIT.</summary>
    internal static Failure ExplainLater(StatementFailed failed, IEnumerable<Batch> sent) =>
        failed.Table is null ? failed : Explain(failed, [.. sent]);

    // What a trigger did to a table that is none of the flush is no fault of a row of ours.
    private static Failure Explain(StatementFailed failed, ImmutableArray<Batch> all) =>
        Suspects(failed, all) is not { IsEmpty: false } batches ? failed : failed.ServerSqlState switch
    {
        "23505" => OfValues(failed, batches) is var (entity, property, key)
            ? new DuplicateKey(entity, property, key, Said(failed))
            : failed,
        "23503" => OfValues(failed, batches) is var (entity, property, key)
            ? new ForeignKeyViolated(entity, property, key, Said(failed))
            : failed,
        "23502" => OfNull(failed, batches) is var (entity, property, key)
            ? new NullRefused(entity, property, key) { Column = failed.Column }
            : failed,
        "23514" or "23P01" =>
            OfTable(failed, batches) is var (entity, property, key) ? new CheckViolated(entity, property, key, Said(failed)) : failed,
        "22001" or "22003" or "22P02" or "22P03" or "22007" or "22008" or "22021" or "22P05" =>
            OfQuoted(failed, batches) is var (entity, property, key) ? new ValueOutOfRange(entity, property, key, failed.Message) : failed,
        _ => failed,
    };

    /// <summary>
    /// The batches that may hold the row. The server names the table: of a partition its own, of a view the one behind it; and of a row
    /// that others point at theirs.
    /// </summary>
    private static ImmutableArray<Batch> Suspects(StatementFailed failed, ImmutableArray<Batch> all)
    {
        if (failed.Table is null || failed.ServerSqlState is not ("23505" or "23503" or "23502" or "23514" or "23P01"))
            return all;
        var its = all.RemoveAll(batch => batch.Map.Table.Name != failed.Table || batch.Map.Table.Schema != failed.Schema);
        if (failed.ServerSqlState == "23503")
        {
            var pointed = all.RemoveAll(batch => !batch.Map.Table.ReferencedBy.Any(key => key.Name == failed.Constraint));
            its = its.RemoveAll(static batch => batch.Kind == ChangeKind.Delete).AddRange(pointed);
        }
        return its.IsEmpty ? all.RemoveAll(static batch => !batch.Map.Table.HasOthersBehind) : its;
    }

    private static StaleRows Stale(Batch batch, int[] ordinals) =>
        new(batch.Map.Name, [.. ordinals.Select(ordinal => batch.Map.KeyOf(batch.Changes[ordinal - 1].Original).ToString())]);

    private static string Said(StatementFailed failed) =>
        failed.Detail is { } detail && !detail.Contains("contains (", StringComparison.Ordinal)
            ? $"{failed.Constraint}: {detail}"
            : failed.Constraint ?? failed.ServerMessage;

    /// <summary>The row that has the values of `Key (a, b)=(1, x)`.</summary>
    private static RowFound OfValues(StatementFailed failed, ImmutableArray<Batch> batches)
    {
        if (KeyAndValues().Match(failed.Detail ?? "") is not { Success: true } said)
            return OfTable(failed, batches);
        var names = said.Groups[1].Value.Split(", ").Select(name => name.Trim('"')).ToArray();
        foreach (var batch in batches)
        {
            EntityColumn?[] columns = [.. names.Select(name => batch.Map.Columns.FirstOrDefault(column => column.Facts.Name == name))];
            if (columns.Contains(null))
                continue;
            foreach (var change in batch.Changes)
            {
                var meant = batch.Kind == ChangeKind.Delete ? change.Original : change.Entity;
                if (SaidValues.Mean(columns!, meant, said.Groups[2].Value))
                    return new(batch.Map.Name, names.Length == 1 ? columns[0]!.Property.Name : null, batch.Map.ShowKey(meant));
            }
        }
        var table = OfTable(failed, batches);
        var only = names.Length == 1 ? Of(failed, batches).Map.Columns.FirstOrDefault(column => column.Facts.Name == names[0]) : null;
        return table with { Property = only?.Property.Name };
    }

    private static RowFound OfNull(StatementFailed failed, ImmutableArray<Batch> batches)
    {
        var batch = Of(failed, batches);
        var column = batch.Map.Columns.FirstOrDefault(column => column.Facts.Name == failed.Column);
        var change = column is null ? null : batch.Changes.FirstOrDefault(change => column.IsNull(change.Entity));
        return change is null
            ? OfTable(failed, batches) with { Property = column?.Property.Name }
            : new(batch.Map.Name, column!.Property.Name, batch.Map.ShowKey(change.Entity));
    }

    /// <summary>The row that has the value which the message quotes, or a number too large for its column.</summary>
    private static RowFound OfQuoted(StatementFailed failed, ImmutableArray<Batch> batches)
    {
        var quoted = Quoted().Match(failed.ServerMessage) is { Success: true } found ? found.Groups[1].Value : null;
        foreach (var batch in batches.Where(batch => batch.Kind != ChangeKind.Delete))
            foreach (var column in batch.Columns.Of(batch.Map))
                foreach (var change in batch.Changes)
                    if ((quoted is not null && column.Cast.Length > 0 && column.Show(change.Entity) == quoted)
                        || (quoted is null && (IsTooLarge(column, change.Entity) || SaidValues.IsNoJson(column, change.Entity))))
                        return new(batch.Map.Name, column.Property.Name, batch.Map.ShowKey(change.Entity));
        return OfTable(failed, batches);
    }

    private static bool IsTooLarge(EntityColumn column, object entity)
    {
        if (column.Facts is not { BaseType: "numeric", Modifier: >= 4 } || column.Boxed(entity) is not decimal number)
            return false;
        var (precision, scale) = ((column.Facts.Modifier - 4) >> 16 & 0xffff, (column.Facts.Modifier - 4) & 0x7ff);
        return scale <= 28 && (double)Math.Abs(Math.Round(number, scale, MidpointRounding.AwayFromZero)) >= Math.Pow(10, precision - scale);
    }

    /// <summary>The type that is meant; its row only when there is no other.</summary>
    private static RowFound OfTable(StatementFailed failed, ImmutableArray<Batch> batches)
    {
        var batch = Of(failed, batches);
        var column = batch.Map.Columns.FirstOrDefault(column => column.Facts.Name == failed.Column);
        return new(batch.Map.Name, column?.Property.Name, batch.Changes is [var only] ? batch.Map.ShowKey(only.Entity) : null);
    }

    private static Batch Of(StatementFailed failed, ImmutableArray<Batch> batches) =>
        batches.FirstOrDefault(batch => batch.Map.Table.Name == failed.Table && batch.Map.Table.Schema == failed.Schema) ?? batches[0];

    [GeneratedRegex(@"\((.+?)\)=\((.*)\)", RegexOptions.Singleline)]
    private static partial Regex KeyAndValues();

    [GeneratedRegex("\"([^\"]*)\"[^\"]*$", RegexOptions.Singleline)]
    private static partial Regex Quoted();

    /// <summary>What could be found of a row.</summary>
    private sealed record RowFound(string Entity, string? Property, string? Key);
}
