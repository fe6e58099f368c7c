using System.Collections.Immutable;
using Broker.Statements;
using Npgsql;

namespace Broker.Errands;

/// <summary>
/// Compares what the server says that it did (its command tag) with what the text seemed to say: if the two differ, the text was misjudged, and may
/// have left on the connection what no caller may meet.
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
    internal static bool IsOdd(Errand errand, StatementType tag) => errand.Facts.Tag is { } expected && tag != expected;

    /// <summary>The first member whose tag is another than its text's; null for none.</summary>
    /// <param name="members">The members of a trip whose statements are complete.</param>
    /// <param name="carriers">The statements that carried them.</param>
    /// <param name="tagOf">What the server said for a carrier.</param>
    internal static Errand? Odd(ImmutableArray<Errand> members, ImmutableArray<Carrier> carriers, Func<int, StatementType> tagOf)
    {
        for (var i = 0; i < carriers.Length; i++)
        {
            var errand = members[carriers[i].First];
            if (IsOdd(errand, tagOf(i)))
            {
                return errand;
            }
        }
        return null;
    }

    /// <summary>What the log says of it.</summary>
    internal static string Words(Errand odd) => $"the server did something else than {odd.Facts.Verb}: {odd.Facts.Text}";
}
