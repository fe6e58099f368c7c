using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Broker.Client.Entities;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Flushing;

/// <summary>Makes steps of batches. Texts are made once for a map and a set of columns.</summary>
internal static class StepMaker
{
    /// <summary>From how many rows on COPY is used, where it can be.</summary>
    internal const int CopyThreshold = 1000;

    /// <summary>The steps of a batch of inserts: one, unless each row must go alone.</summary>
    internal static IEnumerable<PlannedStep> Insert(Batch batch)
    {
        if (batch.Changes.Length == 1)
            return [InsertOne(batch)];
        if (!InsertTexts.CanGoTogether(batch) || (batch.Columns.IsEmpty && batch.Returned.IsEmpty))
            return batch.Changes.Select(change => InsertOne(new(batch.Kind, batch.Map, batch.Columns, batch.Defaults, [change])));
        if (batch.Changes.Length >= CopyThreshold && CanCopy(batch))
            return [Copy(batch)];
        var parameters = batch.Columns.IsEmpty ? [new Parameter<long>(batch.Changes.Length)] : Frozen(batch.Many());
        return [Single(batch, FlushTextKind.InsertMany, InsertTexts.Many, parameters, 1)];
    }

    /// <summary>The step of a batch of one insert.</summary>
    internal static PlannedStep InsertOne(Batch batch) => One(batch, FlushTextKind.InsertOne, InsertTexts.One, 0);

    internal static PlannedStep Update(Batch batch) => batch.Changes.Length == 1
        ? One(batch, FlushTextKind.UpdateOne, UpdateTexts.One, 2)
        : Single(batch, FlushTextKind.UpdateMany, UpdateTexts.Many, Frozen(batch.Many()), 2);

    internal static PlannedStep Delete(Batch batch) => batch.Changes.Length == 1
        ? One(batch, FlushTextKind.DeleteOne, DeleteTexts.One, 0)
        : Single(batch, FlushTextKind.DeleteMany, DeleteTexts.Many, Frozen(batch.IsGuarded ? batch.Many() : Keys(batch)), 0);

    internal static PlannedStep Exchange(Batch batch) =>
        Single(batch, FlushTextKind.Exchange, ExchangeText.Make, ExchangeText.Parameters(batch), 2);

    /// <summary>Inserts into tables that point at each other, as one statement.</summary>
    internal static PlannedStep InsertTogether(Batch[] batches)
    {
        var pieces = new Pieces();
        var results = new List<string>();
        var values = ImmutableArray.CreateBuilder<ReturnedValues?>(batches.Length);
        EntityColumn[][] returned = [.. batches.Select(batch => batch.Returned.Of(batch.Map))];
        var first = 2;
        for (var i = 0; i < batches.Length; i++)
        {
            if (!InsertTexts.CanGoTogether(batches[i]))
                throw new BrokerException(new Protocol.Failures.EntityRefused(batches[i].Map.Name, null,
                    "its rows may point at each other and its key cannot be drawn beforehand "
                        + "(a trigger, a view, or no right to the sequence); set the keys yourself"));
            var result = InsertTexts.Piece(batches[i], pieces);
            values.Add(result is null ? null : new(returned[i], first));
            if (result is not null)
                results.Add($"SELECT {i}, p.n{Side(returned, i)} FROM ({result}) p");
            first += returned[i].Length;
        }
        var text = $"{pieces.With} {(results.Count == 0 ? "SELECT 1 WHERE false" : string.Join(" UNION ALL ", results))}";
        ImmutableArray<Parameter> parameters = [.. batches
            .SelectMany(batch => batch.Columns.IsEmpty ? [new Parameter<long>(batch.Changes.Length)] : batch.Many())];
        return new InsertsTogether(new StatementStep(Tables(batches), new(text, parameters)), [.. batches], values.MoveToImmutable());
    }

    /// <summary>Deletes from tables that point at each other, as one statement.</summary>
    internal static PlannedStep DeleteTogether(Batch[] batches)
    {
        var pieces = new Pieces();
        string[] results = [.. batches.Select(batch => DeleteTexts.Piece(batch, pieces))];
        return new DeletesTogether(
            new StatementStep(Tables(batches),
                new($"{pieces.With} SELECT {string.Join(", ", results)}",
                    [.. batches.SelectMany(batch => batch.IsGuarded ? batch.Many() : Keys(batch))])), [.. batches]);
    }

    private static SingleStep One(Batch batch, FlushTextKind kind, Func<Batch, string> make, int lead) =>
        Single(batch, kind, make, batch.One(), lead);

    private static SingleStep Single(Batch batch, FlushTextKind kind, Func<Batch, string> make,
        ImmutableArray<Parameter> parameters, int lead)
    {
        var key = new FlushTextKey(kind, batch.Columns, batch.Defaults);
        if (!batch.Map.Texts.TryGetValue(key, out var found))
            found = batch.Map.Texts.GetOrAdd(key,
                new MadeText(make(batch), batch.Returned.IsEmpty ? null : new(batch.Returned.Of(batch.Map), lead)));
        var made = (MadeText)found;
        return new(new StatementStep(batch.Map.Table.FullName, new(made.Text, parameters)), batch, lead, made.Values);
    }

    private static SingleStep Copy(Batch batch)
    {
        var text = (string)batch.Map.Texts.GetOrAdd(new(FlushTextKind.Copy, batch.Columns, default),
            static (_, batch) => InsertTexts.Copy(batch), batch);
        return new(new CopyStep(batch.Map.Table.FullName, text, [.. batch.Columns.Of(batch.Map).Select(column => column.WireType)],
            Frozen(batch.Many()), batch.Changes.Length), batch, 0, null);
    }

    // A policy makes COPY fail, and into a view or past a rule it does not go. A text goes as it is to all types whose binary form is the
    // same.
    private static bool CanCopy(Batch batch) =>
        batch.Returned.IsEmpty && !batch.Columns.IsEmpty && batch.Map.Table is { RowSecurity: false, ChangesInserts: false }
        && batch.Columns.Of(batch.Map)
            .All(column => column.WireType == column.Facts.BaseType || column.Facts.BaseType is "character varying" or "bpchar");

    private static IEnumerable<Parameter> Keys(Batch batch)
    {
        var originals = batch.Originals;
        return batch.Map.Key.Select(column => column.Many(originals));
    }

    /// <summary>The returned columns of all pieces side by side; those of other pieces are null.</summary>
    private static string Side(EntityColumn[][] returned, int own) => string.Concat(returned.SelectMany((columns, piece) =>
        columns.Select(column => piece == own ? $", p.r{column.Index}" : $", NULL::{ReadType(column)}")));

    private static string ReadType(EntityColumn column) =>
        SelectTexts.ReadCast(column) is { Length: > 0 } cast ? cast[2..] : column.Facts.TypeName;

    private static string Tables(Batch[] batches) =>
        batches.Select(batch => batch.Map.Table.FullName).Distinct().ToArray() is [var only] ? only : "*";

    private static ImmutableArray<Parameter> Frozen(IEnumerable<Parameter> parameters) =>
        ImmutableCollectionsMarshal.AsImmutableArray(parameters.ToArray());

    private sealed record MadeText(string Text, ReturnedValues? Values);
}
