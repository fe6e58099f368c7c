using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Running;

/// <summary>
/// The results of one execution, and where their reader stands. A statement that answers no columns is no result; its rows count as
/// affected when the reader has come past it.
/// </summary>
internal sealed class ResultRows : IAsyncDisposable
{
    private readonly ImmutableArray<StepResult> _all;
    private readonly RowChunks? _chunks;
    private readonly Deadline? _deadline;
    private readonly bool _firstRowOnly;
    private readonly bool _firstResultOnly;
    private RowSet _rows = RowSet.Empty;
    private int _next;
    private bool _ended;

    /// <summary>Results that are all here.</summary>
    internal ResultRows(ImmutableArray<StepResult> all, bool firstResultOnly = false, bool firstRowOnly = false)
    {
        (_all, _firstResultOnly, _firstRowOnly, _ended) = (all, firstResultOnly, firstRowOnly, true);
        Advance();
    }

    /// <summary>One result whose rows come in chunks.</summary>
    internal ResultRows(RowSet? first, RowChunks chunks, Deadline deadline, bool firstRowOnly)
    {
        (_all, _chunks, _deadline, _firstRowOnly, _firstResultOnly) = ([], chunks, deadline, firstRowOnly, true);
        (_rows, _ended) = (first ?? RowSet.Empty, first is null);
        HasRows = _rows.Count > 0;
    }

    /// <summary>The rows changed by the statements passed; -1 when they change none.</summary>
    internal int Affected { get; private set; } = -1;

    /// <summary>The columns of the current result.</summary>
    internal ImmutableArray<Column> Columns => _rows.Columns;

    /// <summary>Whether the current result has rows.</summary>
    internal bool HasRows { get; private set; }

    /// <summary>Which row of the columns the reader stands on.</summary>
    internal int Row { get; private set; } = -1;

    /// <summary>Whether the reader stands on a row.</summary>
    internal bool HasRow => (uint)Row < (uint)_rows.Count;

    /// <summary>Reads on, if it can be told without waiting whether there is a row.</summary>
    internal bool TryRead(out bool read)
    {
        read = Row + 1 < _rows.Count && !(_firstRowOnly && Row >= 0);
        if (!read && !_ended && !(_firstRowOnly && Row >= 0))
            return false;
        Row = read ? Row + 1 : _rows.Count;
        return true;
    }

    /// <summary>Reads on in the next chunk.</summary>
    internal async ValueTask<bool> ReadAsync(CancellationToken cancellation)
    {
        while (!_ended && Row + 1 >= _rows.Count)
        {
            if (await ChunkAsync(cancellation).ConfigureAwait(false) is not { } chunk)
            {
                (_ended, Row) = (true, _rows.Count);
                return false;
            }

            (_rows, Row) = (chunk, -1);
        }

        return TryRead(out var read) && read;
    }

    /// <summary>The next result; null when the end of this one has to be waited for.</summary>
    internal bool? TryNext() => _chunks is null ? Advance() : null;

    /// <summary>Ends a result that comes in chunks: there is no other behind it.</summary>
    internal async ValueTask<bool> EndAsync()
    {
        await DisposeAsync().ConfigureAwait(false);
        (_ended, _rows, Row, HasRows) = (true, RowSet.Empty, -1, false);
        return false;
    }

    public async ValueTask DisposeAsync()
    {
        while (_chunks is null && _next < _all.Length)
            Pass();
        if (_chunks is not null)
            await _chunks.DisposeAsync().ConfigureAwait(false);
        _deadline?.Dispose();
    }

    private async ValueTask<RowSet?> ChunkAsync(CancellationToken cancellation)
    {
        _deadline!.Begin(cancellation);
        try
        {
            return await _chunks!.NextAsync(_deadline.Token).ConfigureAwait(false);
        }
        catch (Exception thrown) when (_deadline.WhyEnded(thrown) is { } why)
        {
            throw why;
        }
        finally
        {
            _deadline.Pause();
        }
    }

    private bool Advance()
    {
        (_rows, Row) = (RowSet.Empty, -1);
        var isFirst = _next == 0 || !HasResult;
        while (_next < _all.Length)
        {
            var rows = Pass();
            if (rows.Columns.IsEmpty || (_firstResultOnly && !isFirst))
                continue;
            (_rows, HasRows, HasResult) = (rows, rows.Count > 0, true);
            return true;
        }

        HasRows = false;
        return false;
    }

    /// <summary>Whether any result was reached.</summary>
    private bool HasResult { get; set; }

    private RowSet Pass()
    {
        var passed = _all[_next++];
        if (passed.Affected >= 0)
            Affected = (int)Math.Min(int.MaxValue, Math.Max(Affected, 0) + passed.Affected);
        return passed.Rows;
    }

    /// <summary>Finds a column.</summary>
    internal int Find(string name)
    {
        var columns = Columns;
        for (var i = 0; i < columns.Length; i++)
            if (columns[i].Description.Name == name)
                return i;
        for (var i = 0; i < columns.Length; i++)
            if (string.Equals(columns[i].Description.Name, name, StringComparison.OrdinalIgnoreCase))
                return i;
        return -1;
    }
}
