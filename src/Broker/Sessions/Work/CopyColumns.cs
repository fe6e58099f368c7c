using System.Text.Json;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Npgsql;

namespace Broker.Sessions.Work;

/// <summary>Writes rows that come as one array per column by COPY in the binary format, value by value and without a box.</summary>
internal static class CopyColumns
{
    /// <summary>Copies all rows. Returns how many.</summary>
    internal static async Task<long> CopyAsync(NpgsqlConnection connection, CopyStep step)
    {
        var columns = ColumnsOf(step);
        await using var importer = await connection.BeginBinaryImportAsync(step.Text);
        importer.Timeout = TimeSpan.Zero;
        for (var row = 0; row < step.Rows; row++)
        {
            await importer.StartRowAsync();
            foreach (var column in columns)
            {
                await column.WriteAsync(importer, row);
            }
        }
        return (long)await importer.CompleteAsync();
    }

    private static CopyColumn[] ColumnsOf(CopyStep step)
    {
        var columns = new CopyColumn[step.Columns.Length];
        for (var i = 0; i < columns.Length; i++)
        {
            var typed = new Typing(step.TypeNames[i]);
            step.Columns[i].Accept(typed);
            columns[i] = typed.Column!;
        }
        return columns;
    }

    private sealed class Typing(string typeName) : IParameterVisitor
    {
        internal CopyColumn? Column { get; private set; }

        public void Visit<T>(T value) where T : notnull => Column = value switch
        {
            DateTimeOffset[] times => new Values<DateTime>(Array.ConvertAll(times, static time => time.UtcDateTime), typeName),
            DateTimeOffset?[] times => new Nullables<DateTime>(Array.ConvertAll(times, static time => time?.UtcDateTime), typeName),
            JsonElement[] elements => new Values<string>(Array.ConvertAll(elements, static element => element.GetRawText()), typeName),
            Array array => Make(array),
            _ => throw new InvalidCastException($"a column of {typeof(T).Name} is no array"),
        };

        public void VisitNull<T>() where T : notnull => Column = new Nulls();

        private CopyColumn Make(Array array)
        {
            var element = array.GetType().GetElementType()!;
            var column = Nullable.GetUnderlyingType(element) is { } inner
                ? typeof(Nullables<>).MakeGenericType(inner)
                : typeof(Values<>).MakeGenericType(element);
            return (CopyColumn)Activator.CreateInstance(column, array, typeName)!;
        }
    }

    private abstract class CopyColumn
    {
        internal abstract Task WriteAsync(NpgsqlBinaryImporter importer, int row);
    }

    private sealed class Values<T>(T[] values, string typeName) : CopyColumn
    {
        internal override Task WriteAsync(NpgsqlBinaryImporter importer, int row) =>
            values[row] is { } value ? importer.WriteAsync(value, typeName) : importer.WriteNullAsync();
    }

    private sealed class Nullables<T>(T?[] values, string typeName) : CopyColumn where T : struct
    {
        internal override Task WriteAsync(NpgsqlBinaryImporter importer, int row) =>
            values[row] is { } value ? importer.WriteAsync(value, typeName) : importer.WriteNullAsync();
    }

    private sealed class Nulls : CopyColumn
    {
        internal override Task WriteAsync(NpgsqlBinaryImporter importer, int row) => importer.WriteNullAsync();
    }
}
