using Broker.Client.Protocol.Values;
using Npgsql;

namespace Broker.Errands;

/// <summary>Reads one column of a result into typed values, without a box per value.</summary>
internal abstract class ColumnReader
{
    private protected ColumnReader(ColumnDescription description, int ordinal) => (Description, Ordinal) = (description, ordinal);

    /// <summary>Name and type.</summary>
    internal ColumnDescription Description { get; }

    private protected int Ordinal { get; }

    /// <summary>Starts the column of a new result.</summary>
    internal abstract void Start();

    /// <summary>Takes the value of the reader's current row. Returns roughly how many bytes it holds.</summary>
    internal abstract int Take(NpgsqlDataReader reader);

    /// <summary>Ends the column.</summary>
    internal abstract Column Finish();

    /// <summary>The reader for a column of this description.</summary>
    /// <param name="description">Name and type.</param>
    /// <param name="type">The .NET type that Npgsql reads it as.</param>
    /// <param name="ordinal">Its place in the select list.</param>
    internal static ColumnReader For(ColumnDescription description, Type type, int ordinal) => Type.GetTypeCode(type) switch
    {
        TypeCode.Int32 => new ColumnReader<int>(description, ordinal),
        TypeCode.Int64 => new ColumnReader<long>(description, ordinal),
        TypeCode.Int16 => new ColumnReader<short>(description, ordinal),
        TypeCode.Boolean => new ColumnReader<bool>(description, ordinal),
        TypeCode.Double => new ColumnReader<double>(description, ordinal),
        TypeCode.Single => new ColumnReader<float>(description, ordinal),
        TypeCode.Decimal => new ColumnReader<decimal>(description, ordinal),
        TypeCode.String => new ColumnReader<string>(description, ordinal),
        TypeCode.DateTime => new ColumnReader<DateTime>(description, ordinal),
        TypeCode.Char => new ColumnReader<char>(description, ordinal),
        _ when type == typeof(Guid) => new ColumnReader<Guid>(description, ordinal),
        _ when type == typeof(byte[]) => new ColumnReader<byte[]>(description, ordinal),
        _ when type == typeof(DateOnly) => new ColumnReader<DateOnly>(description, ordinal),
        _ when type == typeof(TimeOnly) => new ColumnReader<TimeOnly>(description, ordinal),
        _ when type == typeof(TimeSpan) => new ColumnReader<TimeSpan>(description, ordinal),
        _ when type == typeof(DateTimeOffset) => new ColumnReader<DateTimeOffset>(description, ordinal),
        _ when type == typeof(uint) => new ColumnReader<uint>(description, ordinal),
        _ when type == typeof(ulong) => new ColumnReader<ulong>(description, ordinal),
        _ => new ColumnReader<object>(description, ordinal),
    };
}

/// <summary>Reads one column of values of type <typeparamref name="T"/>.</summary>
internal sealed class ColumnReader<T> : ColumnReader where T : notnull
{
    private readonly ColumnBuilder<T> _builder;

    internal ColumnReader(ColumnDescription description, int ordinal) : base(description, ordinal) => _builder = new(description);

    internal override void Start() => _builder.Clear();

    internal override int Take(NpgsqlDataReader reader)
    {
        if (reader.IsDBNull(Ordinal))
        {
            _builder.AppendNull();
            return 1;
        }
        var value = reader.GetFieldValue<T>(Ordinal);
        _builder.Append(value);
        return value switch { string text => text.Length, byte[] bytes => bytes.Length, Array array => array.Length * 8, _ => 8 };
    }

    internal override Column Finish() => _builder.Build();
}
