namespace Broker.Statements;

/// <summary>What a relation itself, before anything it leads to, says against a group.</summary>
internal static class RelationRules
{
    /// <summary>Adds what speaks against <paramref name="relation"/>, as the target of a write or as something read.</summary>
    public static void Apply(RelationAnswer relation, bool asTarget, Findings findings)
    {
        switch (relation.Kind)
        {
            case RelationKind.Foreign:
                findings.Add(ClassReason.ForeignTable, reset: true, $"{relation.Name} lies on another server");
                break;
            case RelationKind.Sequence or RelationKind.Other:
                findings.Add(ClassReason.RelationKind, reset: false, $"{relation.Name} is neither a table nor a view");
                break;
            case RelationKind.Table or RelationKind.PartitionedTable or RelationKind.View or RelationKind.MaterializedView:
                break;
        }

        if (relation.IsTemporary)
        {
            findings.Add(ClassReason.TemporaryTable, reset: true, $"{relation.Name} belongs to one session");
        }

        // a SELECT fires no trigger and obeys no rule but the one that makes a view
        if (asTarget && relation.Triggers is [var trigger, ..])
        {
            findings.Add(ClassReason.Trigger, reset: true, $"{relation.Name} has trigger {trigger}");
        }

        if (relation.Rules is [var rule, ..])
        {
            findings.Add(ClassReason.Rule, reset: true, $"{relation.Name} has rule {rule}");
        }

        if (asTarget && relation.IndexClasses is [var indexClass, ..])
        {
            findings.Add(ClassReason.IndexClass, reset: true, $"an index of {relation.Name} has operator class {indexClass}");
        }
    }
}
