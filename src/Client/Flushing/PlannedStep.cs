using System.Collections.Immutable;
using Broker.Client.Entities;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Flushing;

/// <summary>One step of a flush, and how its result is read.</summary>
/// <param name="Step">What is sent.</param>
/// <param name="Batches">The changes that it makes, by the pieces of its statement.</param>
internal abstract record PlannedStep(FlushStep Step, ImmutableArray<Batch> Batches)
{
    /// <summary>Gives the entities what the server gave, and notes what is worth a warning.</summary>
    internal abstract void Apply(StepResult result, OutcomeNotes notes);

    /// <summary>Versions that are counted: the new one is known without being asked for.</summary>
    private protected static void Advance(Batch batch)
    {
        if (batch is not { Kind: ChangeKind.Update, Map.Version: { Kind: VersionKind.Counter, Column: var version } })
            return;
        foreach (var change in batch.Changes.Where(change => change.Kind == ChangeKind.Update))
            version.Advance(change.Original, change.Entity);
    }
}

/// <summary>
/// A step of one batch. Its rows have <paramref name="Lead"/> columns before the returned ones; the last of those is the ordinal, if rows
/// have one.
/// </summary>
internal sealed record SingleStep(FlushStep Step, Batch Batch, int Lead, ReturnedValues? Values) : PlannedStep(Step, [Batch])
{
    internal override void Apply(StepResult result, OutcomeNotes notes)
    {
        Advance(Batch);
        if (Batch.Kind == ChangeKind.Delete && !Batch.IsGuarded)
            notes.Deleted(Batch, result.Affected);
        if (Values is null)
            return;
        var set = result.Rows.Count == 0 ? null : Values.For(result.Rows);
        var ordinals = Lead == 0 || result.Rows.Count == 0 ? null : (Column<long>)result.Rows.Columns[Lead - 1];
        for (var row = 0; row < result.Rows.Count; row++)
            set!(Batch.Changes[ordinals is null ? row : ordinals[row] - 1].Entity, result.Rows, row);
        notes.Read(Batch, result.Rows.Count);
    }
}

/// <summary>
/// Inserts into several tables by one statement: each row says its piece and its ordinal, and then has the columns of all pieces side by
/// side.
/// </summary>
internal sealed record InsertsTogether(FlushStep Step, ImmutableArray<Batch> Batches, ImmutableArray<ReturnedValues?> Values)
    : PlannedStep(Step, Batches)
{
    internal override void Apply(StepResult result, OutcomeNotes notes)
    {
        var rows = result.Rows;
        var read = new int[Batches.Length];
        if (rows.Count > 0)
        {
            var (pieces, ordinals) = ((Column<int>)rows.Columns[0], (Column<long>)rows.Columns[1]);
            for (var row = 0; row < rows.Count; row++)
            {
                var piece = pieces[row];
                Values[piece]!.For(rows)(Batches[piece].Changes[ordinals[row] - 1].Entity, rows, row);
                read[piece]++;
            }
        }
        for (var piece = 0; piece < Batches.Length; piece++)
            if (Values[piece] is not null)
                notes.Read(Batches[piece], read[piece]);
    }
}

/// <summary>Deletes from several tables by one statement: its one row says for each how many went, or that the guard let it pass.</summary>
internal sealed record DeletesTogether(FlushStep Step, ImmutableArray<Batch> Batches) : PlannedStep(Step, Batches)
{
    internal override void Apply(StepResult result, OutcomeNotes notes)
    {
        for (var piece = 0; piece < Batches.Length && result.Rows.Count > 0; piece++)
            if (!Batches[piece].IsGuarded)
                notes.Deleted(Batches[piece], ((Column<long>)result.Rows.Columns[piece])[0]);
    }
}
