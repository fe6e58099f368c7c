using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Broker.Statements;

/// <summary>A row of the catalogue's answers, each value as the server writes it in text.</summary>
/// <param name="Values">Of each column.</param>
internal readonly record struct CatalogueRow(ImmutableArray<string?> Values)
{
    /// <summary>A whole number.</summary>
    public int Int(int column) => int.Parse(Text(column), CultureInfo.InvariantCulture);

    /// <summary>Whether it is so.</summary>
    public bool Bool(int column) => Text(column) == "t";

    /// <summary>A letter.</summary>
    public char Mark(int column) => Text(column)[0];

    /// <summary>A text.</summary>
    public string Text(int column) => Values[column] ?? throw new FormatException($"column {column} of the catalogue's answer is null");

    /// <summary>A text; null for none.</summary>
    public string? TextOrNull(int column) => Values[column];

    /// <summary>A name in two columns, the schema first.</summary>
    public CatalogueName Name(int schema) => new(Text(schema), Text(schema + 1));

    /// <summary>Texts of a JSON array.</summary>
    public ImmutableArray<string> Texts(int column) => Items(column, static item => item.GetString()!);

    /// <summary>Names of a JSON array of pairs.</summary>
    public ImmutableArray<CatalogueName> Names(int column) => Items(column, NameIn);

    /// <summary>Stored code of a JSON array.</summary>
    public ImmutableArray<(string Kind, StoredCode Code)> Code(int column) => Items(column, static item => (
        item.GetProperty("kind").GetString()!,
        new StoredCode(item.GetProperty("text").GetString()!, [.. item.GetProperty("functions").EnumerateArray().Select(NameIn)])));

    private static CatalogueName NameIn(JsonElement pair) => new(pair[0].GetString(), pair[1].GetString()!);

    private ImmutableArray<T> Items<T>(int column, Func<JsonElement, T> read)
    {
        if (Values[column] is not { } text)
        {
            return [];
        }

        using var json = JsonDocument.Parse(text);
        return [.. json.RootElement.EnumerateArray().Select(read)];
    }
}
