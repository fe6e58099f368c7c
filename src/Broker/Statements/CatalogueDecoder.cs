using System.Collections.Immutable;
using System.Text.Json;
using Npgsql;

namespace Broker.Statements;

/// <summary>Turns the rows of <see cref="CatalogueSql"/> into answers; keys are places in the question, from 1.</summary>
internal static class CatalogueDecoder
{
    public static async Task<ILookup<int, FunctionAnswer>> FunctionsAsync(NpgsqlDataReader reader, CancellationToken cancel)
    {
        var rows = new List<(int Place, FunctionAnswer Answer)>();
        while (await reader.ReadAsync(cancel))
        {
            rows.Add((reader.GetInt32(0), new FunctionAnswer(
                NameAt(reader, 1), VolatilityOf(reader.GetChar(3)), reader.GetBoolean(4), reader.GetBoolean(5), TextAt(reader, 6))));
        }

        return rows.ToLookup(row => row.Place, row => row.Answer);
    }

    public static async Task<IReadOnlyDictionary<int, RelationAnswer>> RelationsAsync(NpgsqlDataReader reader, CancellationToken cancel)
    {
        var relations = new Dictionary<int, RelationAnswer>();
        while (await reader.ReadAsync(cancel))
        {
            relations[reader.GetInt32(0)] = RelationAt(reader);
        }

        return relations;
    }

    public static async Task<IReadOnlyDictionary<int, TypeAnswer>> TypesAsync(NpgsqlDataReader reader, CancellationToken cancel)
    {
        var types = new Dictionary<int, TypeAnswer>();
        while (await reader.ReadAsync(cancel))
        {
            types[reader.GetInt32(0)] = new TypeAnswer(
                NameAt(reader, 1), TypeKindOf(reader.GetChar(3)), TextAt(reader, 4), NamesAt(reader, 5), NamesAt(reader, 6),
                [.. CodeAt(reader, 7).Select(code => code.Code)]);
        }

        return types;
    }

    public static async Task<ILookup<int, CatalogueName>> OperatorsAsync(NpgsqlDataReader reader, CancellationToken cancel)
    {
        var rows = new List<(int Place, CatalogueName Function)>();
        while (await reader.ReadAsync(cancel))
        {
            rows.Add((reader.GetInt32(0), NameAt(reader, 1)));
        }

        return rows.ToLookup(row => row.Place, row => row.Function);
    }

    public static async Task<ImmutableArray<CatalogueName>> NamesAsync(NpgsqlDataReader reader, CancellationToken cancel)
    {
        var names = ImmutableArray.CreateBuilder<CatalogueName>();
        while (await reader.ReadAsync(cancel))
        {
            names.Add(NameAt(reader, 0));
        }

        return names.ToImmutable();
    }

    private static RelationAnswer RelationAt(NpgsqlDataReader reader)
    {
        var code = CodeAt(reader, 8).ToLookup(item => item.Kind, item => item.Code);
        return new RelationAnswer(
            NameAt(reader, 1),
            RelationKindOf(reader.GetChar(3)),
            IsTemporary: reader.GetBoolean(4),
            RowSecurity: reader.GetBoolean(5),
            Triggers: [.. reader.GetFieldValue<string[]>(6)],
            Rules: [.. reader.GetFieldValue<string[]>(7)],
            Policies: [.. code["policy"]],
            View: code["view"].FirstOrDefault(),
            Expressions: [.. code["expression"]],
            ColumnTypes: NamesAt(reader, 9),
            Children: NamesAt(reader, 10),
            Cascades: NamesAt(reader, 11),
            CastFunctions: NamesAt(reader, 12),
            IndexClasses: [.. reader.GetFieldValue<string[]>(13)]);
    }

    private static CatalogueName NameAt(NpgsqlDataReader reader, int schema) => new(reader.GetString(schema), reader.GetString(schema + 1));

    private static string? TextAt(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static ImmutableArray<CatalogueName> NamesAt(NpgsqlDataReader reader, int column)
    {
        if (reader.IsDBNull(column))
        {
            return [];
        }

        using var json = JsonDocument.Parse(reader.GetString(column));
        return NamesIn(json.RootElement);
    }

    private static List<(string Kind, StoredCode Code)> CodeAt(NpgsqlDataReader reader, int column)
    {
        if (reader.IsDBNull(column))
        {
            return [];
        }

        using var json = JsonDocument.Parse(reader.GetString(column));
        return [.. json.RootElement.EnumerateArray().Select(item => (
            item.GetProperty("kind").GetString()!,
            new StoredCode(item.GetProperty("text").GetString()!, NamesIn(item.GetProperty("functions")))))];
    }

    private static ImmutableArray<CatalogueName> NamesIn(JsonElement pairs) =>
        [.. pairs.EnumerateArray().Select(pair => new CatalogueName(pair[0].GetString(), pair[1].GetString()!))];

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
