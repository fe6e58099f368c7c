using System.Runtime.InteropServices;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Statements;
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

    /// <summary>How large the rows were that were read last, those of one caller, roughly, in bytes.</summary>
    internal long BytesRead { get; private set; }

    // Types that the connection did not know: those met since it asked the server last, and those it has asked for.
    private readonly HashSet<uint> _new = [];
    private readonly HashSet<uint> _asked = [];

    /// <summary>Which value of the rows read last could not be read; null when all could. Without it the rows are no answer.</summary>
    internal ResultMismatch? Unreadable { get; private set; }

    /// <summary>Whether a type was met that the connection does not know yet; to be forgotten by <see cref="ForgetTypes"/>.</summary>
    internal bool MetNewType { get; private set; }

    /// <summary>The connection has learned the server's types anew.</summary>
    internal void ForgetTypes()
    {
        _asked.UnionWith(_new);
        _new.Clear();
        _kept.Clear();
        MetNewType = false;
    }

    /// <summary>Reads the rest of the reader's current result.</summary>
    /// <param name="reader">A reader that stands before the first row of a result.</param>
    /// <param name="text">The text that returned it.</param>
    /// <param name="byteLimit">How large the result may be, roughly, in bytes.</param>
    /// <returns>The rows; null when the limit was passed, and then the result is not read to its end.</returns>
    internal async ValueTask<RowSet?> ReadAsync(NpgsqlDataReader reader, string text, long byteLimit)
    {
        var columns = ColumnsOf(reader, text);
        StartAll(columns);
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
        NoteUnreadable(columns);
        return Finish(columns, count);
    }

    /// <summary>Whether a text returned rows here before: what its columns are is then known.</summary>
    internal bool Knows(string text) => _kept.ContainsKey(text);

    /// <summary>
    /// Reads the result of a folded text: the number of a caller, then that caller's row. Nothing is taken for an answer that is not
    /// exactly what the text itself would have returned: other columns, or callers out of their order, and there is no answer for anybody.
    /// </summary>
    /// <param name="reader">A reader that stands before the first row.</param>
    /// <param name="facts">The text.</param>
    /// <param name="answers">Takes the rows of each caller.</param>
    /// <param name="byteLimit">How large the rows of one caller may be, roughly, in bytes.</param>
    /// <returns>How far it came.</returns>
    internal async ValueTask<FoldedEnd> ReadFoldedAsync(NpgsqlDataReader reader, TextFacts facts, RowSet[] answers, long byteLimit)
    {
        if (FoldedColumns(reader, facts) is not { } columns)
        {
            return _kept.Remove(facts.Text, out var alone) && Fits(alone, reader, from: 1, byName: false)
                ? FoldedEnd.OtherNames
                : FoldedEnd.OtherColumns;
        }
        StartAll(columns);
        var (caller, count) = (0, 0);
        BytesRead = 0;
        while (await reader.ReadAsync())
        {
            // The server numbers them from 1.
            var next = (int)reader.GetFieldValue<long>(0) - 1;
            if (next != caller)
            {
                if (next < caller)
                {
                    return FoldedEnd.OutOfOrder;
                }
                while (caller < next)
                {
                    answers[caller++] = Finish(columns, count);
                    (count, BytesRead) = (0, 0);
                }
            }
            foreach (var column in columns)
            {
                BytesRead += column.Take(reader);
            }
            count++;
            if (BytesRead > byteLimit)
            {
                return FoldedEnd.TooLarge;
            }
        }
        for (; caller < answers.Length; count = 0)
        {
            answers[caller++] = Finish(columns, count);
        }
        NoteUnreadable(columns);
        return Unreadable is null ? FoldedEnd.Complete : FoldedEnd.Unreadable;
    }

    /// <summary>
    /// Reads up to <paramref name="rowLimit"/> rows or <paramref name="byteLimit"/> bytes of the current result: one chunk of a stream.
    /// </summary>
    /// <returns>The rows, and whether the result ended with them.</returns>
    internal async ValueTask<(RowSet Rows, bool Ended)> ReadChunkAsync(NpgsqlDataReader reader, string text, int rowLimit, long byteLimit,
        CancellationToken cancel)
    {
        var columns = ColumnsOf(reader, text);
        StartAll(columns);
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
        NoteUnreadable(columns);
        return (Finish(columns, count), ended);
    }

    private static void StartAll(ColumnReader[] columns)
    {
        foreach (var column in columns)
        {
            column.Start();
        }
    }

    private void NoteUnreadable(ColumnReader[] columns)
    {
        Unreadable = null;
        foreach (var column in columns)
        {
            Unreadable ??= column.Unreadable;
            // A table's row type is known to no connection: asking once more for each result would not change it.
            if (column.IsOfNewType && !_asked.Contains(column.Description.TypeOid))
            {
                MetNewType |= _new.Add(column.Description.TypeOid);
            }
        }
    }

    private static RowSet Finish(ColumnReader[] columns, int count)
    {
        var finished = new Column[columns.Length];
        for (var i = 0; i < finished.Length; i++)
        {
            finished[i] = columns[i].Finish();
        }
        return new(ImmutableCollectionsMarshal.AsImmutableArray(finished), count);
    }

    private ColumnReader[] ColumnsOf(NpgsqlDataReader reader, string text)
    {
        if (_kept.TryGetValue(text, out var kept) && Fits(kept, reader, from: 0))
        {
            return kept;
        }
        if (text.Length > ClassifiedTexts.LongestText)
        {
            return ColumnsOf(reader, from: 0);
        }
        if (_kept.Count >= KeptTexts)
        {
            _kept.Clear();
        }
        return _kept[text] = ColumnsOf(reader, from: 0);
    }

    /// <summary>The columns of a folded text; null when they are not those of the text itself.</summary>
    private ColumnReader[]? FoldedColumns(NpgsqlDataReader reader, TextFacts facts)
    {
        if (!_kept.TryGetValue(facts.Text, out var alone) || !Fits(alone, reader, from: 1))
        {
            return null;
        }
        if (_kept.TryGetValue(facts.Folded!, out var kept) && Fits(kept, reader, from: 1))
        {
            return kept;
        }
        return _kept[facts.Folded!] = ColumnsOf(reader, from: 1);
    }

    private static ColumnReader[] ColumnsOf(NpgsqlDataReader reader, int from)
    {
        var columns = new ColumnReader[reader.FieldCount - from];
        for (var i = 0; i < columns.Length; i++)
        {
            columns[i] = ColumnReader.For(reader, from + i);
        }
        return columns;
    }

    private static bool Fits(ColumnReader[] columns, NpgsqlDataReader reader, int from, bool byName = true)
    {
        if (columns.Length != reader.FieldCount - from)
        {
            return false;
        }
        for (var i = 0; i < columns.Length; i++)
        {
            if (columns[i].Description.TypeOid != reader.GetDataTypeOID(from + i)
                || (byName && columns[i].Description.Name != reader.GetName(from + i)))
            {
                return false;
            }
        }
        return true;
    }
}

/// <summary>How the reading of a folded result ended.</summary>
internal enum FoldedEnd
{
    /// <summary>Each caller has its rows.</summary>
    Complete,
    /// <summary>A caller's rows passed the limit; the result is not read to its end.</summary>
    TooLarge,
    /// <summary>The columns are not those that the text had: the table was changed, and the text is to be learned anew.</summary>
    OtherColumns,
    /// <summary>The columns have other names: the text names one by a parameter, and cannot be folded.</summary>
    OtherNames,
    /// <summary>The callers' rows do not come in their order.</summary>
    OutOfOrder,
    /// <summary>A value of some caller cannot be read.</summary>
    Unreadable,
}
