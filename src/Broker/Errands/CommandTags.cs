using System.Collections.Immutable;
using Broker.Statements;
using Npgsql;

namespace Broker.Errands;

/// <summary>
/// Compares what the server says that it did (its command tag) with what the text seemed to say: if the two differ, the text was misjudged,
/// and may have left on the connection what no caller may meet.
/// </summary>
internal static class CommandTags
{
    /// <summary>The tag of a verb; null for those that never share a trip.</summary>
    internal static StatementType? Of(StatementVerb verb) => verb switch
    {
        StatementVerb.Select or StatementVerb.Values or StatementVerb.Table => StatementType.Select,
        StatementVerb.Insert => StatementType.Insert,
        StatementVerb.Update => StatementType.Update,
        StatementVerb.Delete => StatementType.Delete,
        StatementVerb.Merge => StatementType.Merge,
        _ => null,
    };

    /// <summary>Whether the server says that it did something else for an errand than its text seems to say.</summary>
    internal static bool IsOdd(TextFacts facts, StatementType tag) => facts.Tag is { } expected && tag != expected;

    /// <summary>The first text whose tag is not the expected one; null for none.</summary>
    /// <param name="members">The members of a trip whose statements are complete.</param>
    /// <param name="carriers">The statements that carried them.</param>
    /// <param name="tagOf">What the server said for a carrier.</param>
    internal static TextFacts? Odd(ImmutableArray<Errand> members, ImmutableArray<Carrier> carriers, Func<int, StatementType> tagOf)
    {
        for (var i = 0; i < carriers.Length; i++)
        {
            var facts = members[carriers[i].First].FactsAt(carriers[i].Number);
            if (IsOdd(facts, tagOf(i)))
            {
                return facts;
            }
        }
        return null;
    }

    /// <summary>What the log says of it.</summary>
    internal static string Words(TextFacts odd) => $"the server did something else than {odd.Verb}: {odd.Text}";
}
