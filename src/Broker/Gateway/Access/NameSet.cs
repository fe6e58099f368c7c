using System.Collections.Immutable;

namespace Broker.Gateway.Access;

/// <summary>The databases or the users of a rule.</summary>
/// <param name="Names">Those that are named.</param>
/// <param name="All"><c>all</c>: every one; of databases, every one but replication.</param>
/// <param name="SameUser"><c>sameuser</c>: the database that is called as the user.</param>
/// <param name="Replication"><c>replication</c>: physical replication, which has no database.</param>
internal sealed record NameSet(ImmutableHashSet<string> Names, bool All = false, bool SameUser = false, bool Replication = false)
{
    /// <summary>Every one.</summary>
    internal static NameSet Every { get; } = new([], All: true);

    internal bool Has(string name) => All || Names.Contains(name);

    internal bool HasDatabase(LoginAttempt attempt) => attempt.IsReplication
        ? Replication
        : Has(attempt.Database) || (SameUser && attempt.Database == attempt.User);
}
