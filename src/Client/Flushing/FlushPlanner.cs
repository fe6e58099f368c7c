using System.Collections.Immutable;
using Broker.Client.Entities;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Flushing;

/// <summary>
/// Plans a flush: pending changes become few statements, whatever their number. Rows of one table that write the same columns go together:
/// new ones in the order in which they came, others in that of their keys; parents before children, deletes last and the other way round.
/// </summary>
internal static class FlushPlanner
{
    /// <summary>
    /// Begins a plan. Throws <c>EntityRefused</c> when two changes mean one row, or an entity refers to one that was not added.
    /// </summary>
    /// <param name="changes">In the order in which they were made; each entity once.</param>
    /// <param name="find">The map of a type that an entity refers to, if it is known.</param>
    internal static FlushDraft Begin(IReadOnlyList<EntityChange> changes, Func<Type, EntityMap?>? find = null) =>
        new(changes, find ?? (static _ => null));

    /// <summary>The plan of changes that need no keys drawn.</summary>
    internal static FlushPlan Plan(IReadOnlyList<EntityChange> changes) => Begin(changes).Finish([]);

    /// <summary>The statements for changes whose keys and foreign keys are all set.</summary>
    internal static ImmutableArray<PlannedStep> Steps(IReadOnlyList<EntityChange> changes)
    {
        if (changes is [var only])
            return OfOne(TableChanges.OfOne(only));
        var steps = ImmutableArray.CreateBuilder<PlannedStep>();
        var byMap = new Dictionary<EntityMap, TableChanges>(ReferenceEqualityComparer.Instance);
        foreach (var change in changes)
        {
            if (!byMap.TryGetValue(change.Map, out var table))
                byMap.Add(change.Map, table = new(change.Map));
            table.Add(change);
        }
        foreach (var table in byMap.Values)
            table.Settle();
        // By their names, so that two flushes visit the tables that both mean in one order as far as foreign keys leave a choice.
        var groups = TableOrder.Of(byMap.Keys.OrderBy(map => map.Table.FullName, StringComparer.Ordinal));
        foreach (var group in groups)
        {
            // A row that points at a new one of the same table comes behind it; elsewhere a value that an update sets free may be taken by
            // a new row.
            if (!group.IsCircular)
                Updates(steps, group, byMap);
            Inserts(steps, group, byMap);
            if (group.IsCircular)
                Updates(steps, group, byMap);
        }
        for (var i = groups.Count - 1; i >= 0; i--)
            Deletes(steps, groups[i], byMap);
        return steps.ToImmutable();
    }

    /// <summary>One change needs no order, and meets no other.</summary>
    private static ImmutableArray<PlannedStep> OfOne(Batch? batch) => batch is null ? [] : batch.Kind switch
    {
        ChangeKind.Insert => [StepMaker.InsertOne(batch)],
        ChangeKind.Update => [StepMaker.Update(batch)],
        ChangeKind.Delete => [StepMaker.Delete(batch)],
    };

    private static void Updates(ImmutableArray<PlannedStep>.Builder steps, TableGroup group, Dictionary<EntityMap, TableChanges> changes)
    {
        foreach (var map in group.Maps)
        {
            if (changes[map].Exchanged() is { } exchange)
                steps.Add(StepMaker.Exchange(exchange));
            foreach (var batch in changes[map].Updates())
                steps.Add(StepMaker.Update(batch));
        }
    }

    private static void Inserts(ImmutableArray<PlannedStep>.Builder steps, TableGroup group, Dictionary<EntityMap, TableChanges> changes)
    {
        Batch[] batches = [.. group.Maps.SelectMany(map => changes[map].Inserts())];
        if (group.IsCircular && batches.Length > 1)
        {
            steps.Add(StepMaker.InsertTogether(batches));
            return;
        }
        foreach (var batch in batches)
            steps.AddRange(StepMaker.Insert(batch));
    }

    private static void Deletes(ImmutableArray<PlannedStep>.Builder steps, TableGroup group, Dictionary<EntityMap, TableChanges> changes)
    {
        Batch[] batches = [.. group.Maps.Reverse().SelectMany(map => changes[map].Deletes())];
        if (batches.Length > 1)
        {
            steps.Add(StepMaker.DeleteTogether(batches));
            return;
        }
        foreach (var batch in batches)
            steps.Add(StepMaker.Delete(batch));
    }
}

/// <summary>Keys that must be drawn before the flush can be planned, because new rows refer to new rows.</summary>
/// <param name="Map">Whose keys.</param>
/// <param name="Statement">Answers one row for each entity, with the drawn columns.</param>
/// <param name="Changes">The entities that get them, in the order of the rows.</param>
internal sealed record KeyDraw(EntityMap Map, Statement Statement, ImmutableArray<EntityChange> Changes);
