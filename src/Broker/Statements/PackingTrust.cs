using System.Collections.Immutable;

namespace Broker.Statements;

/// <summary>
/// Functions and tables that an operator vouches for by name (<c>packing.trust</c>): a trusted function counts as one of
/// the shipped list, a trusted table is not looked into. An entry is <c>schema.name</c>, or <c>name</c> for any schema.
/// </summary>
internal sealed record PackingTrust(ImmutableHashSet<CatalogueName> Entries)
{
    /// <summary>Nothing is trusted beyond the shipped list; the default.</summary>
    public static readonly PackingTrust None = new([]);

    /// <summary>The trust in <paramref name="entries"/>, names as the catalogue spells them, the schema before the first dot.</summary>
    public static PackingTrust In(IEnumerable<string> entries) => new([.. entries.Select(NameIn)]);

    /// <summary>Whether <paramref name="name"/>, given with its schema, is vouched for.</summary>
    public bool Covers(CatalogueName name) => Entries.Contains(name) || Entries.Contains(name with { Schema = null });

    private static CatalogueName NameIn(string entry) => entry.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot
        ? new CatalogueName(entry[..dot], entry[(dot + 1)..])
        : new CatalogueName(null, entry);
}
