using System.Collections.Immutable;

namespace Broker.Statements;

/// <summary>What the catalogue is asked: names, and operator symbols.</summary>
internal sealed record CatalogueQuestions(ImmutableHashSet<CatalogueName> Names, ImmutableHashSet<string> Operators)
{
    /// <summary>Nothing is asked.</summary>
    public static readonly CatalogueQuestions None =
        new([], ImmutableHashSet.Create<string>(StringComparer.Ordinal));

    /// <summary>Whether nothing is asked.</summary>
    public bool IsEmpty => Names.IsEmpty && Operators.IsEmpty;

    /// <summary>Both questions.</summary>
    public CatalogueQuestions Union(CatalogueQuestions other) => new(Names.Union(other.Names), Operators.Union(other.Operators));
}

/// <summary>
/// What the catalogue answered, for one role and search_path. A name that was not asked for is missing; one that was
/// asked for and does not exist has <see cref="NameAnswer.Nothing"/>.
/// </summary>
/// <param name="Names">Answers by name as asked, schema or not.</param>
/// <param name="Operators">Answers by symbol.</param>
/// <param name="BuiltInCasts">
/// Functions of casts between two of the server's own types that somebody created; null before the first answer.
/// </param>
internal sealed record CatalogueSnapshot(
    ImmutableDictionary<CatalogueName, NameAnswer> Names,
    ImmutableDictionary<string, OperatorAnswer> Operators,
    ImmutableArray<CatalogueName>? BuiltInCasts)
{
    /// <summary>Nothing was asked yet.</summary>
    public static readonly CatalogueSnapshot Empty = new(
        ImmutableDictionary.Create<CatalogueName, NameAnswer>(),
        ImmutableDictionary.Create<string, OperatorAnswer>(StringComparer.Ordinal),
        null);

    /// <summary>This with the answers of <paramref name="newer"/>, which win.</summary>
    public CatalogueSnapshot With(CatalogueSnapshot newer) => new(
        Names.SetItems(newer.Names), Operators.SetItems(newer.Operators), newer.BuiltInCasts ?? BuiltInCasts);
}
