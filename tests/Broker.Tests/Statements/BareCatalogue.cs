using System.Collections.Immutable;
using Broker.Statements;

namespace Broker.Tests.Statements;

/// <summary>A catalogue in which no name means anything, so that nothing in it keeps a text alone.</summary>
internal static class BareCatalogue
{
    public static CatalogueSnapshot AnswersTo(CatalogueQuestions questions) => new(
        questions.Names.ToImmutableDictionary(name => name, _ => NameAnswer.Nothing),
        questions.Operators.ToImmutableDictionary(symbol => symbol, _ => OperatorAnswer.Nothing, StringComparer.Ordinal),
        BuiltInCasts: []);
}
