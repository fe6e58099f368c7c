using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Broker.Client.Entities;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Flushing;

/// <summary>A flush that is ready to be sent: its steps in order, and how their results are read.</summary>
internal sealed class FlushPlan(ImmutableArray<PlannedStep> planned, ImmutableArray<FilledEntity> filled)
{
    /// <summary>What is planned.</summary>
    internal ImmutableArray<PlannedStep> Planned => planned;

    /// <summary>What is to be sent; empty when there is nothing to do.</summary>
    internal ImmutableArray<FlushStep> Steps { get; } =
        ImmutableCollectionsMarshal.AsImmutableArray(Array.ConvertAll(ImmutableCollectionsMarshal.AsArray(planned)!,
            static step => step.Step));

    /// <summary>
    /// Gives the entities what the server gave: keys, defaults, versions. To be called once, when the flush has succeeded.
    /// </summary>
    /// <param name="results">What each step answered; none when the answer was lost.</param>
    internal FlushOutcome Apply(ImmutableArray<StepResult> results)
    {
        var notes = new OutcomeNotes();
        for (var i = 0; i < planned.Length; i++)
            Apply(planned[i], i < results.Length ? results[i] : new StepResult(-1, Protocol.Values.RowSet.Empty), notes);
        return notes.Outcome;
    }

    private static void Apply(PlannedStep step, StepResult result, OutcomeNotes notes)
    {
        try
        {
            step.Apply(result, notes);
        }
        // A value may not fit its property, and a setter of the user's may throw: the rows are written all the same, and must not be sent
        // again.
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            notes.Unfit(step.Batches, exception);
        }
    }

    /// <summary>Takes back what was set before the flush was sent: drawn keys and foreign keys. For a flush that failed.</summary>
    internal void Revert()
    {
        foreach (var one in filled)
            foreach (var column in one.Columns.Of(one.Map))
                column.Copy(one.Before, one.Entity);
    }

    /// <summary>Says a server's refusal in the words of the entities; other failures as they are.</summary>
    /// <param name="failure">Why the flush failed.</param>
    /// <param name="step">Which step was refused, if that is known.</param>
    internal Failure Explain(Failure failure, int? step) => FlushFailures.Explain(failure, planned, step);
}

/// <summary>An entity whose key or foreign key was set before the flush.</summary>
/// <param name="Map">Its map.</param>
/// <param name="Entity">The entity.</param>
/// <param name="Before">A copy of it as it was.</param>
/// <param name="Columns">What was set.</param>
internal sealed record FilledEntity(EntityMap Map, object Entity, object Before, ColumnSet Columns);
