using System.Collections.Immutable;

namespace Broker.Statements;

/// <summary>
/// The catalogue's answers for one caller context (role and search_path, an opaque text), with the moment each was
/// asked. An answer is <em>due</em> after <see cref="Recheck"/>: it still counts while it is asked again; after twice
/// that time it is gone, so that no decision is older than that.
/// </summary>
/// <param name="Context">Whose answers these are.</param>
/// <param name="Recheck"><c>packing.recheck</c>; 10 s by default.</param>
/// <param name="Capacity">How many names are kept at most; those asked longest ago leave first.</param>
/// <param name="Answers">The answers.</param>
/// <param name="NamesAsked">When each name was asked.</param>
/// <param name="OperatorsAsked">When each symbol was asked.</param>
internal sealed record StatementCatalogue(
    string Context,
    TimeSpan Recheck,
    int Capacity,
    CatalogueSnapshot Answers,
    ImmutableDictionary<CatalogueName, DateTimeOffset> NamesAsked,
    ImmutableDictionary<string, DateTimeOffset> OperatorsAsked)
{
    /// <summary>Knows nothing yet.</summary>
    public static StatementCatalogue For(string context, TimeSpan recheck, int capacity = 16_384) => new(
        context, recheck, capacity, CatalogueSnapshot.Empty,
        ImmutableDictionary.Create<CatalogueName, DateTimeOffset>(),
        ImmutableDictionary.Create<string, DateTimeOffset>(StringComparer.Ordinal));

    /// <summary>
    /// This with <paramref name="answers"/>, for which the catalogue was asked at <paramref name="asked"/> (the sending, not the reply).
    /// </summary>
    public StatementCatalogue With(CatalogueSnapshot answers, DateTimeOffset asked)
    {
        var merged = this with
        {
            Answers = Answers.With(answers),
            NamesAsked = NamesAsked.SetItems(answers.Names.Keys.Select(name => KeyValuePair.Create(name, asked))),
            OperatorsAsked = OperatorsAsked.SetItems(answers.Operators.Keys.Select(symbol => KeyValuePair.Create(symbol, asked))),
        };
        return merged.NamesAsked.Count > Capacity || merged.OperatorsAsked.Count > Capacity ? merged.Trimmed() : merged;
    }

    /// <summary>
    /// The decision about <paramref name="shape"/> from answers that still count at <paramref name="now"/>, and what is to be asked again.
    /// </summary>
    public CatalogueLookup Lookup(StatementShape shape, PackingTrust trust, DateTimeOffset now)
    {
        var classification = StatementClassifier.Classify(shape, Answers, trust);
        return classification switch
        {
            Classification.NeedsCatalogue needs => new CatalogueLookup(needs, needs.Missing, now),
            Classification.Decided { Relied.IsEmpty: true } decided =>
                new CatalogueLookup(decided, CatalogueQuestions.None, DateTimeOffset.MaxValue),
            Classification.Decided decided => Aged(decided, now),
            _ => throw new InvalidOperationException($"no such classification: {classification}"),
        };
    }

    private CatalogueLookup Aged(Classification.Decided decided, DateTimeOffset now)
    {
        var oldest = OldestOf(decided.Relied);
        var gone = oldest + Recheck + Recheck;
        if (gone <= now)
        {
            return new CatalogueLookup(new Classification.NeedsCatalogue(decided.Relied), decided.Relied, now);
        }

        // while the catalogue is being asked again, the text need not be looked up for every errand
        var due = oldest + Recheck;
        var soon = now + Recheck / 10;
        return due > now
            ? new CatalogueLookup(decided, CatalogueQuestions.None, due)
            : new CatalogueLookup(decided, OlderThan(decided.Relied, now - Recheck), soon < gone ? soon : gone);
    }

    private DateTimeOffset OldestOf(CatalogueQuestions relied) =>
        relied.Names.Select(name => NamesAsked.GetValueOrDefault(name))
            .Concat(relied.Operators.Select(symbol => OperatorsAsked.GetValueOrDefault(symbol)))
            .Min();

    private CatalogueQuestions OlderThan(CatalogueQuestions questions, DateTimeOffset limit) => new(
        [.. questions.Names.Where(name => NamesAsked.TryGetValue(name, out var asked) && asked <= limit)],
        ImmutableHashSet.CreateRange<string>(
            StringComparer.Ordinal,
            questions.Operators.Where(symbol => OperatorsAsked.TryGetValue(symbol, out var asked) && asked <= limit)));

    // a quarter leaves at once, so that a full catalogue is not sorted for every answer
    private StatementCatalogue Trimmed()
    {
        var names = Oldest(NamesAsked);
        var operators = Oldest(OperatorsAsked);
        return this with
        {
            Answers = Answers with { Names = Answers.Names.RemoveRange(names), Operators = Answers.Operators.RemoveRange(operators) },
            NamesAsked = NamesAsked.RemoveRange(names),
            OperatorsAsked = OperatorsAsked.RemoveRange(operators),
        };
    }

    private List<T> Oldest<T>(ImmutableDictionary<T, DateTimeOffset> asked) where T : notnull =>
        [.. asked.OrderBy(pair => pair.Value).Take(Math.Max(0, asked.Count - Capacity * 3 / 4)).Select(pair => pair.Key)];
}

/// <summary>A decision as far as it is possible, and what to ask the catalogue for the next one.</summary>
/// <param name="Classification">The decision; until there is one the text travels as <see cref="StatementClass.Unknown"/>.</param>
/// <param name="ToAsk">What to ask now; nothing while every answer is young enough.</param>
/// <param name="CheckAt">When to look again; the greatest moment for never.</param>
internal sealed record CatalogueLookup(Classification Classification, CatalogueQuestions ToAsk, DateTimeOffset CheckAt)
{
    /// <summary>The decision, or what stands for it as long as there is none.</summary>
    public StatementClass Class => Classification is Classification.Decided decided ? decided.Class : StatementClass.Unknown;

    /// <summary>What to remember of the text with <paramref name="shape"/> that was looked up.</summary>
    public ClassifiedText Known(StatementShape shape) => new(shape, Class, CheckAt);
}
