using System.Collections.Immutable;

namespace Broker.Errands;

/// <summary>
/// One statement of a trip, and the members that it carries: one, or several neighbours of the same text. Each statement of a unit is one.
/// </summary>
/// <param name="First">Its first member.</param>
/// <param name="Count">How many; more than one only when <see cref="IsFolded"/>.</param>
/// <param name="Number">Which statement of its member, counted from 0; others than 0 are a unit's.</param>
internal readonly record struct Carrier(int First, int Count, int Number = 0)
{
    /// <summary>Whether one statement answers for several callers.</summary>
    internal bool IsFolded => Count > 1;

    /// <summary>The member behind its last one.</summary>
    internal int End => First + Count;

    /// <summary>The carriers of a trip's members, in their order.</summary>
    /// <param name="members">The members; those of one text stand together.</param>
    /// <param name="mayFold">Whether a member's text may be folded here and now.</param>
    internal static ImmutableArray<Carrier> Of(ImmutableArray<Errand> members, Func<Errand, bool> mayFold)
    {
        var carriers = ImmutableArray.CreateBuilder<Carrier>();
        for (var at = 0; at < members.Length; at += carriers[^1].Count)
        {
            carriers.Add(new(at, mayFold(members[at]) ? Alike(members, at) : 1));
            for (var number = 1; number < members[at].Statements; number++)
            {
                carriers.Add(new(at, 1, number));
            }
        }
        return carriers.DrainToImmutable();
    }

    private static int Alike(ImmutableArray<Errand> members, int first)
    {
        var count = 1;
        while (first + count < members.Length && ReferenceEquals(members[first].Facts, members[first + count].Facts)
            && ParameterArrays.Fit(members[first].Request.Statement, members[first + count].Request.Statement))
        {
            count++;
        }
        return count;
    }
}
