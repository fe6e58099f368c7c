using Broker.Client.Protocol.Values;
using Npgsql;

namespace Broker.Errands;

/// <summary>
/// Reads results into typed columns, for one connection: what a text's columns are is found once and used again while the server's answer
/// looks the same. Belongs to one connection; not thread-safe.
/// </summary>
internal sealed class RowReader
{
    private const int KeptTexts = 256;

    private readonly Dictionary<string, ColumnReader[]> _kept = [];

    /// <summary>How large the rows were that <see cref="ReadAsync"/> read last, roughly, in bytes.</summary>
    internal long BytesRead { get; private set; }

    /// <summary>Reads the rest of the reader's current result.</summary>
    /// <param name="reader">A reader that stands before the first row of a result.</param>
    /// <param name="text">The text that returned it.</param>
    /// <param name="byteLimit">How large the result may be, roughly, in bytes.</param>
    /// <returns>The rows; null when the limit was passed, and then the result is not read to its end.</returns>
    internal async ValueTask<RowSet?> ReadAsync(NpgsqlDataReader reader, string text, long byteLimit)
    {
        var columns = ColumnsOf(reader, text);
        foreach (var column in columns)
        {
            column.Start();
        }
        var count = 0;
        BytesRead = 0;
        while (await reader.ReadAsync())
        {
            foreach (var column in columns)
            {
                BytesRead += column.Take(reader);
            }
            count++;
            if (BytesRead > byteLimit)
            {
                return null;
            }
        }
        return new([.. columns.Select(static c => c.Finish())], count);
    }

    /// <summary>Reads up to <paramref name="rowLimit"/> rows or <paramref name="byteLimit"/> bytes of the current result: one chunk of a stream.</summary>
    /// <returns>The rows, and whether the result ended with them.</returns>
    internal async ValueTask<(RowSet Rows, bool Ended)> ReadChunkAsync(NpgsqlDataReader reader, string text, int rowLimit, long byteLimit, CancellationToken cancel)
    {
        var columns = ColumnsOf(reader, text);
        foreach (var column in columns)
        {
            column.Start();
        }
        var count = 0;
        var bytes = 0L;
        var ended = false;
        while (count < rowLimit && bytes < byteLimit)
        {
            if (!await reader.ReadAsync(cancel))
            {
                ended = true;
                break;
            }
            foreach (var column in columns)
            {
                bytes += column.Take(reader);
            }
            count++;
        }
        return (new([.. columns.Select(static c => c.Finish())], count), ended);
    }

    private ColumnReader[] ColumnsOf(NpgsqlDataReader reader, string text)
    {
        if (_kept.TryGetValue(text, out var kept) && Fits(kept, reader))
        {
            return kept;
        }
        if (_kept.Count >= KeptTexts)
        {
            _kept.Clear();
        }
        var columns = new ColumnReader[reader.FieldCount];
        for (var i = 0; i < columns.Length; i++)
        {
            var description = new ColumnDescription(reader.GetName(i), reader.GetDataTypeName(i), reader.GetDataTypeOID(i));
            columns[i] = ColumnReader.For(description, reader.GetFieldType(i), i);
        }
        return _kept[text] = columns;
    }

    private static bool Fits(ColumnReader[] columns, NpgsqlDataReader reader)
    {
        if (columns.Length != reader.FieldCount)
        {
            return false;
        }
        for (var i = 0; i < columns.Length; i++)
        {
            if (columns[i].Description.TypeOid != reader.GetDataTypeOID(i) || columns[i].Description.Name != reader.GetName(i))
            {
                return false;
            }
        }
        return true;
    }
}
