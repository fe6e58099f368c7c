using System.Globalization;
using System.Reflection;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Npgsql;
using NpgsqlTypes;

namespace Broker.Errands;

/// <summary>Reads one column of a result into typed values, without a box per value.</summary>
internal abstract class ColumnReader
{
    private protected ColumnReader(ColumnDescription description, int ordinal) => (Description, Ordinal) = (description, ordinal);

    /// <summary>Name and type.</summary>
    internal ColumnDescription Description { get; }

    private protected int Ordinal { get; }

    /// <summary>The first value that .NET cannot hold or Npgsql cannot read; null when all were read.</summary>
    internal ResultMismatch? Unreadable { get; private protected set; }

    /// <summary>Whether the type was made after the connection had asked the server for its types.</summary>
    internal bool IsOfNewType => Description.TypeName == UnknownType;

    // What Npgsql calls the type of an OID that it does not know.
    private const string UnknownType = "-.-";

    /// <summary>Starts the column of a new result.</summary>
    internal abstract void Start();

    /// <summary>Takes the value of the reader's current row. Returns roughly how many bytes it holds.</summary>
    internal abstract int Take(NpgsqlDataReader reader);

    /// <summary>Ends the column.</summary>
    internal abstract Column Finish();

    /// <summary>The reader for one column of a result.</summary>
    /// <param name="reader">The result.</param>
    /// <param name="ordinal">Its place in the select list.</param>
    internal static ColumnReader For(NpgsqlDataReader reader, int ordinal)
    {
        var description = new ColumnDescription(reader.GetName(ordinal), reader.GetDataTypeName(ordinal), reader.GetDataTypeOID(ordinal));
        try
        {
            return For(description, reader.GetFieldType(ordinal), ordinal);
        }
        catch (InvalidCastException)
        {
            // Npgsql has no type for it: only its NULLs can be read.
            return new ColumnReader<object>(description, ordinal);
        }
    }

    private static ColumnReader For(ColumnDescription description, Type type, int ordinal) => Type.GetTypeCode(type) switch
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
        _ when type.IsGenericType && type.GetGenericTypeDefinition() == typeof(NpgsqlRange<>) =>
            Made(typeof(RangeReader<>).MakeGenericType(type.GetGenericArguments()), description, ordinal),
        // Found once for each text; arrays of whatever elements are all of type Array.
        _ => Made(typeof(ColumnReader<>).MakeGenericType(type), description, ordinal),
    };

    private static ColumnReader Made(Type reader, ColumnDescription description, int ordinal) =>
        (ColumnReader)Activator.CreateInstance(reader, BindingFlags.Instance | BindingFlags.NonPublic, null, [description, ordinal],
            CultureInfo.InvariantCulture)!;

    // What converting one value throws; the reader stands at the next all the same. All else is about the connection.
    private protected static bool IsAboutValue(Exception exception) =>
        exception is InvalidCastException or OverflowException or ArgumentException or FormatException or NotSupportedException;
}

/// <summary>Reads one column of values of type <typeparamref name="T"/>.</summary>
internal class ColumnReader<T> : ColumnReader where T : notnull
{
    private readonly ColumnBuilder<T> _builder;

    internal ColumnReader(ColumnDescription description, int ordinal) : base(description, ordinal) => _builder = new(description);

    internal override void Start()
    {
        _builder.Clear();
        Unreadable = null;
    }

    internal override int Take(NpgsqlDataReader reader)
    {
        if (reader.IsDBNull(Ordinal))
        {
            _builder.AppendNull();
            return 1;
        }
        T value;
        try
        {
            value = Read(reader);
        }
        catch (Exception exception) when (IsAboutValue(exception))
        {
            var why = IsOfNewType
                ? "its type is unknown to the connection: a new one is known from now on, a table's row is to be cast in the "
                    + "statement, for example to text"
                : $"{exception.Message} (cast it in the statement, for example to text)";
            Unreadable ??= new($"column \"{Description.Name}\" ({Description.TypeName}), row {_builder.Count + 1}: {why}");
            _builder.AppendNull();
            return 1;
        }
        _builder.Append(value);
        return value switch { string text => text.Length, byte[] bytes => bytes.Length, Array array => array.Length * 8, _ => 8 };
    }

    internal override Column Finish() => _builder.Build();

    // Which array it is decides itself by the value: whether an element is NULL, and how many dimensions it has.
    private protected virtual T Read(NpgsqlDataReader reader) =>
        typeof(T) == typeof(Array) ? (T)reader.GetValue(Ordinal) : reader.GetFieldValue<T>(Ordinal);
}
