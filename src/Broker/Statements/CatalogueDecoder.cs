using System.Collections.Immutable;

namespace Broker.Statements;

/// <summary>Turns the rows of <see cref="CatalogueSql"/> into answers; keys are places in the question, from 1.</summary>
internal static class CatalogueDecoder
{
    /// <summary>The answers, one for each name and symbol in the order in which they were asked.</summary>
    public static CatalogueSnapshot Snapshot(ImmutableArray<CatalogueName> names, ImmutableArray<string> symbols, CatalogueRows rows)
    {
        var functions = rows.Functions.ToLookup(static row => row.Int(0), static row => new FunctionAnswer(
            row.Name(1), VolatilityOf(row.Mark(3)), row.Bool(4), row.Bool(5), row.TextOrNull(6)));
        var relations = rows.Relations.ToDictionary(static row => row.Int(0), RelationIn);
        var types = rows.Types.ToDictionary(static row => row.Int(0), static row => new TypeAnswer(
            row.Name(1), TypeKindOf(row.Mark(3)), row.TextOrNull(4), row.Names(5), row.Names(6),
                [.. row.Code(7).Select(static code => code.Code)]));
        var operators = rows.Operators.ToLookup(static row => row.Int(0), static row => row.Name(1));
        return new CatalogueSnapshot(
            names.Select((name, i) => KeyValuePair.Create(
                name, new NameAnswer([.. functions[i + 1]], relations.GetValueOrDefault(i + 1), types.GetValueOrDefault(i + 1))))
                .ToImmutableDictionary(),
            symbols.Select((symbol, i) => KeyValuePair.Create(symbol, new OperatorAnswer([.. operators[i + 1]])))
                .ToImmutableDictionary(StringComparer.Ordinal),
            [.. rows.BuiltInCasts.Select(static row => row.Name(0))]);
    }

    private static RelationAnswer RelationIn(CatalogueRow row)
    {
        var code = row.Code(8).ToLookup(static item => item.Kind, static item => item.Code);
        return new RelationAnswer(
            row.Name(1),
            RelationKindOf(row.Mark(3)),
            IsTemporary: row.Bool(4),
            RowSecurity: row.Bool(5),
            Triggers: row.Texts(6),
            Rules: row.Texts(7),
            Policies: [.. code["policy"]],
            View: code["view"].FirstOrDefault(),
            Expressions: [.. code["expression"]],
            ColumnTypes: row.Names(9),
            Children: row.Names(10),
            Cascades: row.Names(11),
            CastFunctions: row.Names(12),
            IndexClasses: row.Texts(13));
    }

    private static Volatility VolatilityOf(char mark) => mark switch
    {
        'i' => Volatility.Immutable,
        's' => Volatility.Stable,
        _ => Volatility.Volatile,
    };

    private static RelationKind RelationKindOf(char mark) => mark switch
    {
        'r' => RelationKind.Table,
        'p' => RelationKind.PartitionedTable,
        'v' => RelationKind.View,
        'm' => RelationKind.MaterializedView,
        'f' => RelationKind.Foreign,
        'S' => RelationKind.Sequence,
        _ => RelationKind.Other,
    };

    private static TypeKind TypeKindOf(char mark) => mark switch
    {
        'b' => TypeKind.Base,
        'e' => TypeKind.Enumeration,
        'd' => TypeKind.Domain,
        'c' => TypeKind.Composite,
        'r' or 'm' => TypeKind.Range,
        _ => TypeKind.Other,
    };
}

/// <summary>The rows of each of the five questions.</summary>
internal sealed record CatalogueRows(
    IReadOnlyList<CatalogueRow> Functions,
    IReadOnlyList<CatalogueRow> Relations,
    IReadOnlyList<CatalogueRow> Types,
    IReadOnlyList<CatalogueRow> Operators,
    IReadOnlyList<CatalogueRow> BuiltInCasts);
