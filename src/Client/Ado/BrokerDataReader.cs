using System.Collections;
using System.Collections.ObjectModel;
using System.Data;
using System.Data.Common;
using Broker.Client.Ado.Reading;
using Broker.Client.Ado.Running;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado;

/// <summary>
/// Rows of a command. They are all here when the reader is, unless the command streams: then they come as they are read. Columns may be
/// read in any order and any number of times.
/// </summary>
#pragma warning disable CA1010 // no reader of ADO.NET is a collection of anything
public sealed class BrokerDataReader : DbDataReader
#pragma warning restore CA1010
{
    private readonly ResultRows _results;
    private readonly BrokerConnection? _closes;
    private bool _closed;

    /// <summary>A reader, which ends with its connection.</summary>
    /// <param name="results">The rows.</param>
    /// <param name="connection">The connection; null for a command that has none.</param>
    /// <param name="behavior">Whether the connection ends with it too.</param>
    private BrokerDataReader(ResultRows results, BrokerConnection? connection, CommandBehavior behavior)
    {
        (_results, _closes) = (results, behavior.HasFlag(CommandBehavior.CloseConnection) ? connection : null);
        connection?.Opened(this);
    }

    /// <summary>Runs a command or a batch for a reader. One that fails has no reader to close its connection with.</summary>
    /// <param name="begin">Begins it; may throw.</param>
    /// <param name="connection">The connection; null for a command that has none.</param>
    /// <param name="behavior">How it is run, and whether the connection ends with the reader.</param>
    /// <param name="cancellation">Ends it.</param>
    internal static async ValueTask<BrokerDataReader> OpenAsync(
        Func<CommandBehavior, Execution> begin, BrokerConnection? connection, CommandBehavior behavior, CancellationToken cancellation)
    {
        try
        {
            return new(await begin(behavior).ReadAsync(cancellation).ConfigureAwait(false), connection, behavior);
        }
        catch when (behavior.HasFlag(CommandBehavior.CloseConnection) && connection is not null)
        {
            await connection.CloseAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>How many columns the result has; 0 when there is none.</summary>
    public override int FieldCount => Results.Columns.Length;

    /// <summary>Whether the result has any row.</summary>
    public override bool HasRows => Results.HasRows;

    /// <inheritdoc/>
    public override bool IsClosed => _closed;

    /// <summary>The rows changed by the statements up to this result; -1 when they change none.</summary>
    public override int RecordsAffected => _results.Affected;

    /// <summary>Always 0: results are not nested.</summary>
    public override int Depth => 0;

    /// <inheritdoc/>
    public override object this[int ordinal] => GetValue(ordinal);

    /// <inheritdoc/>
    public override object this[string name] => GetValue(GetOrdinal(name));

    private ResultRows Results => _closed ? throw new InvalidOperationException("The reader is closed.") : _results;

    /// <inheritdoc/>
    public override bool Read() => Results.TryRead(out var read) ? read : Waiting.For(_results.ReadAsync(CancellationToken.None));

    /// <inheritdoc/>
    public override Task<bool> ReadAsync(CancellationToken cancellationToken) =>
        Results.TryRead(out var read) ? Task.FromResult(read) : _results.ReadAsync(cancellationToken).AsTask();

    /// <inheritdoc/>
    public override bool NextResult() => Results.TryNext() ?? Waiting.For(_results.EndAsync());

    /// <inheritdoc/>
    public override Task<bool> NextResultAsync(CancellationToken cancellationToken) =>
        Results.TryNext() is { } next ? Task.FromResult(next) : _results.EndAsync().AsTask();

    /// <inheritdoc/>
    public override void Close()
    {
        if (!_closed)
            Waiting.For(CloseReaderAsync());
    }

    /// <inheritdoc/>
    public override Task CloseAsync() => CloseReaderAsync().AsTask();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await CloseReaderAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override string GetName(int ordinal) => ColumnAt(ordinal).Description.Name;

    /// <summary>PostgreSQL's name of the column's type, such as `integer`.</summary>
    public override string GetDataTypeName(int ordinal) => ColumnAt(ordinal).Description.TypeName;

    /// <inheritdoc/>
    public override Type GetFieldType(int ordinal) => ColumnAt(ordinal).ElementType;

    /// <summary>The place of a column: of this exact name first, of the name in another case else.</summary>
    /// <exception cref="IndexOutOfRangeException">No column has this name.</exception>
    public override int GetOrdinal(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Results.Find(name) is >= 0 and var ordinal ? ordinal : throw NoColumn($"Field not found in row: {name}");
    }

    /// <inheritdoc/>
    public override bool IsDBNull(int ordinal) => ColumnOfRow(ordinal).IsNull(_results.Row);

    /// <summary>The value boxed; DBNull for NULL.</summary>
    public override object GetValue(int ordinal) => ColumnOfRow(ordinal).GetValue(_results.Row) ?? DBNull.Value;

    /// <inheritdoc/>
    public override int GetValues(object[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var count = Math.Min(FieldCount, values.Length);
        for (var i = 0; i < count; i++)
            values[i] = GetValue(i);
        return count;
    }

    /// <summary>The value as a type, without a box. NULL is only a nullable's value, or DBNull for object.</summary>
    /// <exception cref="InvalidCastException">It is NULL, or the column cannot be read as this type.</exception>
    public override T GetFieldValue<T>(int ordinal) => FieldReader<T>.Value(ColumnOfRow(ordinal), _results.Row);

    /// <inheritdoc/>
    public override bool GetBoolean(int ordinal) => GetFieldValue<bool>(ordinal);

    /// <inheritdoc/>
    public override byte GetByte(int ordinal) => GetFieldValue<byte>(ordinal);

    /// <inheritdoc/>
    public override short GetInt16(int ordinal) => GetFieldValue<short>(ordinal);

    /// <inheritdoc/>
    public override int GetInt32(int ordinal) => GetFieldValue<int>(ordinal);

    /// <inheritdoc/>
    public override long GetInt64(int ordinal) => GetFieldValue<long>(ordinal);

    /// <inheritdoc/>
    public override float GetFloat(int ordinal) => GetFieldValue<float>(ordinal);

    /// <inheritdoc/>
    public override double GetDouble(int ordinal) => GetFieldValue<double>(ordinal);

    /// <inheritdoc/>
    public override decimal GetDecimal(int ordinal) => GetFieldValue<decimal>(ordinal);

    /// <inheritdoc/>
    public override char GetChar(int ordinal) => GetFieldValue<char>(ordinal);

    /// <inheritdoc/>
    public override string GetString(int ordinal) => GetFieldValue<string>(ordinal);

    /// <inheritdoc/>
    public override DateTime GetDateTime(int ordinal) => GetFieldValue<DateTime>(ordinal);

    /// <inheritdoc/>
    public override Guid GetGuid(int ordinal) => GetFieldValue<Guid>(ordinal);

    /// <inheritdoc/>
    public override Stream GetStream(int ordinal) => GetFieldValue<Stream>(ordinal);

    /// <inheritdoc/>
    public override TextReader GetTextReader(int ordinal) => GetFieldValue<TextReader>(ordinal);

    /// <summary>Copies bytes of a bytea, or of a text in UTF-8; without a buffer, how many there are.</summary>
    public override long GetBytes(int ordinal, long dataOffset, byte[]? buffer, int bufferOffset, int length) =>
        Copy<byte>(GetFieldValue<byte[]>(ordinal), dataOffset, buffer, bufferOffset, length);

    /// <summary>Copies characters of a text; without a buffer, how many there are.</summary>
    public override long GetChars(int ordinal, long dataOffset, char[]? buffer, int bufferOffset, int length) =>
        Copy(GetString(ordinal).AsSpan(), dataOffset, buffer, bufferOffset, length);

    /// <inheritdoc/>
    public override IEnumerator GetEnumerator() => new DbEnumerator(this);

    /// <summary>The columns of the result; those of which the answer says nothing (their tables, keys and defaults) are null.</summary>
    public ReadOnlyCollection<DbColumn> GetColumnSchema() =>
        new([.. Results.Columns.Select(static (column, ordinal) => new BrokerDbColumn(column.Description, column.ElementType, ordinal))]);

    /// <inheritdoc/>
    public override Task<ReadOnlyCollection<DbColumn>> GetColumnSchemaAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(GetColumnSchema());

    /// <summary>The columns of the result as a table; null when there is none.</summary>
    public override DataTable? GetSchemaTable() => FieldCount == 0 ? null : SchemaTable.Of(GetColumnSchema());

    /// <inheritdoc/>
    public override Task<DataTable?> GetSchemaTableAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(GetSchemaTable());

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Close();
        base.Dispose(disposing);
    }

    private async ValueTask CloseReaderAsync()
    {
        if (_closed)
            return;
        _closed = true;
        await _results.DisposeAsync().ConfigureAwait(false);
        if (_closes is not null)
            await _closes.CloseAsync().ConfigureAwait(false);
    }

    private Column ColumnAt(int ordinal)
    {
        var columns = Results.Columns;
        return (uint)ordinal < (uint)columns.Length ? columns[ordinal]
            : columns.IsEmpty ? throw new InvalidOperationException("No resultset is currently being traversed")
            : throw NoColumn($"Column must be between 0 and {columns.Length - 1}");
    }

    private Column ColumnOfRow(int ordinal) =>
        Results.HasRow ? ColumnAt(ordinal) : throw new InvalidOperationException("No row is available");

#pragma warning disable CA2201 // what ADO.NET says of a column that is not there
    private static IndexOutOfRangeException NoColumn(string message) => new(message);
#pragma warning restore CA2201

    private static long Copy<T>(ReadOnlySpan<T> all, long from, T[]? buffer, int bufferOffset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        if (buffer is null)
            return all.Length;
        ArgumentOutOfRangeException.ThrowIfNegative(bufferOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (from >= all.Length)
            return 0;
        var count = Math.Min(Math.Min(length, buffer.Length - bufferOffset), all.Length - (int)from);
        all.Slice((int)from, count).CopyTo(buffer.AsSpan(bufferOffset));
        return count;
    }
}
