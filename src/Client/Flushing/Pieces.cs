using System.Text;
using Broker.Client.Entities;

namespace Broker.Client.Flushing;

/// <summary>
/// A statement made of pieces, each of which writes one table: `WITH i0 AS (...), w0 AS (...), i1 ... SELECT ...`. All of it is one
/// statement to the server, which checks foreign keys when it ends.
/// </summary>
internal sealed class Pieces
{
    private readonly StringBuilder _with = new();

    /// <summary>How many parameters were named.</summary>
    internal int Parameters { get; private set; }

    /// <summary>How many pieces there are.</summary>
    internal int Count { get; private set; }

    /// <summary>What is put together so far.</summary>
    internal string With => _with.ToString();

    /// <summary>Begins the next piece and says its number.</summary>
    internal int Next() => Count++;

    /// <summary>Adds a common table expression.</summary>
    internal void Add(string name, string query, bool materialized = false) =>
        _with.Append(_with.Length == 0 ? "WITH " : ", ").Append(name).Append(materialized ? " AS MATERIALIZED (" : " AS (").Append(query)
            .Append(')');

    /// <summary>The arrays of these columns, as rows: `unnest($1::integer[], ...)`.</summary>
    internal string Unnest(IEnumerable<EntityColumn> columns) =>
        $"unnest({string.Join(", ", columns.Select(column => $"{NextParameter()}::{column.WireType}[]"))})";

    /// <summary>The next parameter.</summary>
    internal string NextParameter() => $"${++Parameters}";

    /// <summary>Names the columns of the input: o for what identifies a row, c for what is written, by their index.</summary>
    internal static string Names(string letter, IEnumerable<EntityColumn> columns) =>
        string.Join(", ", columns.Select(column => $"{letter}{column.Index}"));

    /// <summary>A list of columns.</summary>
    internal static string List(IEnumerable<EntityColumn> columns) => string.Join(", ", columns.Select(column => column.Quoted));

    /// <summary>What a statement returns of columns, named r by their index.</summary>
    internal static string Returning(IEnumerable<EntityColumn> columns, string table) =>
        string.Join(", ", columns.Select(column => $"{table}.{column.Quoted}{SelectTexts.ReadCast(column)} AS r{column.Index}"));
}
