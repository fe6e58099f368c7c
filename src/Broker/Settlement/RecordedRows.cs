using System.Collections.Immutable;
using System.Text;
using Broker.Client.Protocol.Values;

namespace Broker.Settlement;

/// <summary>
/// Rows as bytes, as the ledger keeps them: columns with their descriptions, values by their .NET type, so that a repeat is answered
/// exactly what the first was told. Rows with a value of another type (a range, a geometry ...) are not kept.
/// </summary>
internal static class RecordedRows
{
    private const byte Form = 1;
    private const byte Null = 0;

    private enum Kind : byte
    {
        Int32 = 1, Int64, Int16, Boolean, Double, Single, Decimal, Text, Timestamp, Letter, Guid, Bytes, Date, Time, Span, Offset,
        UInt32, UInt64,
        Array = 64,
    }

    private static readonly ImmutableDictionary<Type, Kind> Kinds = new Dictionary<Type, Kind>
    {
        [typeof(int)] = Kind.Int32, [typeof(long)] = Kind.Int64, [typeof(short)] = Kind.Int16, [typeof(bool)] = Kind.Boolean,
        [typeof(double)] = Kind.Double, [typeof(float)] = Kind.Single, [typeof(decimal)] = Kind.Decimal, [typeof(string)] = Kind.Text,
        [typeof(DateTime)] = Kind.Timestamp, [typeof(char)] = Kind.Letter, [typeof(Guid)] = Kind.Guid, [typeof(byte[])] = Kind.Bytes,
        [typeof(DateOnly)] = Kind.Date, [typeof(TimeOnly)] = Kind.Time, [typeof(TimeSpan)] = Kind.Span,
        [typeof(DateTimeOffset)] = Kind.Offset,
        [typeof(uint)] = Kind.UInt32, [typeof(ulong)] = Kind.UInt64,
    }.ToImmutableDictionary();

    /// <summary>The rows as bytes; null when a value is of a type that is not kept.</summary>
    internal static byte[]? Encode(RowSet rows)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(Form);
        writer.Write(rows.Count);
        writer.Write(rows.Columns.Length);
        foreach (var column in rows.Columns)
        {
            writer.Write(column.Description.Name);
            writer.Write(column.Description.TypeName);
            writer.Write(column.Description.TypeOid);
            // 0 stands for a column of various types: those that are read as objects.
            writer.Write((byte)Kinds.GetValueOrDefault(column.ElementType));
            for (var row = 0; row < rows.Count; row++)
            {
                if (!TryWrite(writer, column.GetValue(row)))
                {
                    return null;
                }
            }
        }
        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>The rows; null when they were written in a form that this version does not know.</summary>
    internal static RowSet? Decode(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes, writable: false), Encoding.UTF8);
        if (reader.ReadByte() != Form)
        {
            return null;
        }
        var count = reader.ReadInt32();
        var columns = ImmutableArray.CreateBuilder<Column>(reader.ReadInt32());
        for (var i = 0; i < columns.Capacity; i++)
        {
            var description = new ColumnDescription(reader.ReadString(), reader.ReadString(), reader.ReadUInt32());
            columns.Add(ReadColumn(reader, description, (Kind)reader.ReadByte(), count));
        }
        return new(columns.MoveToImmutable(), count);
    }

    private static Column ReadColumn(BinaryReader reader, ColumnDescription description, Kind kind, int count) => kind switch
    {
        Kind.Int32 => ReadColumn<int>(reader, description, count),
        Kind.Int64 => ReadColumn<long>(reader, description, count),
        Kind.Int16 => ReadColumn<short>(reader, description, count),
        Kind.Boolean => ReadColumn<bool>(reader, description, count),
        Kind.Double => ReadColumn<double>(reader, description, count),
        Kind.Single => ReadColumn<float>(reader, description, count),
        Kind.Decimal => ReadColumn<decimal>(reader, description, count),
        Kind.Text => ReadColumn<string>(reader, description, count),
        Kind.Timestamp => ReadColumn<DateTime>(reader, description, count),
        Kind.Letter => ReadColumn<char>(reader, description, count),
        Kind.Guid => ReadColumn<Guid>(reader, description, count),
        Kind.Bytes => ReadColumn<byte[]>(reader, description, count),
        Kind.Date => ReadColumn<DateOnly>(reader, description, count),
        Kind.Time => ReadColumn<TimeOnly>(reader, description, count),
        Kind.Span => ReadColumn<TimeSpan>(reader, description, count),
        Kind.Offset => ReadColumn<DateTimeOffset>(reader, description, count),
        Kind.UInt32 => ReadColumn<uint>(reader, description, count),
        Kind.UInt64 => ReadColumn<ulong>(reader, description, count),
        _ => ReadColumn<object>(reader, description, count),
    };

    private static Column ReadColumn<T>(BinaryReader reader, ColumnDescription description, int count) where T : notnull
    {
        var builder = new ColumnBuilder<T>(description);
        for (var row = 0; row < count; row++)
        {
            if (Read(reader) is T value)
            {
                builder.Append(value);
            }
            else
            {
                builder.AppendNull();
            }
        }
        return builder.Build();
    }

    private static bool TryWrite(BinaryWriter writer, object? value)
    {
        if (value is null)
        {
            writer.Write(Null);
            return true;
        }
        if (Kinds.TryGetValue(value.GetType(), out var kind))
        {
            writer.Write((byte)kind);
            Write(writer, value);
            return true;
        }
        return value is Array { Rank: 1 } items
            && Kinds.TryGetValue(items.GetType().GetElementType()!, out var element)
            && TryWrite(writer, items, element);
    }

    private static bool TryWrite(BinaryWriter writer, Array items, Kind element)
    {
        writer.Write((byte)(Kind.Array | element));
        writer.Write(items.Length);
        foreach (var item in items)
        {
            if (!TryWrite(writer, item))
            {
                return false;
            }
        }
        return true;
    }

    private static void Write(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case int number: writer.Write(number); break;
            case long number: writer.Write(number); break;
            case short number: writer.Write(number); break;
            case bool yes: writer.Write(yes); break;
            case double number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case decimal number: writer.Write(number); break;
            case string text: writer.Write(text); break;
            case DateTime time: writer.Write(time.ToBinary()); break;
            case char letter: writer.Write((ushort)letter); break;
            case Guid id: writer.Write(id.ToByteArray()); break;
            case byte[] bytes: writer.Write(bytes.Length); writer.Write(bytes); break;
            case DateOnly date: writer.Write(date.DayNumber); break;
            case TimeOnly time: writer.Write(time.Ticks); break;
            case TimeSpan span: writer.Write(span.Ticks); break;
            case DateTimeOffset time: writer.Write(time.Ticks); writer.Write((short)time.TotalOffsetMinutes); break;
            case uint number: writer.Write(number); break;
            case ulong number: writer.Write(number); break;
        }
    }

    private static object? Read(BinaryReader reader)
    {
        var kind = (Kind)reader.ReadByte();
        return (byte)kind == Null ? null : kind >= Kind.Array ? ReadArray(reader, kind & ~Kind.Array) : Read(reader, kind);
    }

    private static object Read(BinaryReader reader, Kind kind) => kind switch
    {
        Kind.Int32 => reader.ReadInt32(),
        Kind.Int64 => reader.ReadInt64(),
        Kind.Int16 => reader.ReadInt16(),
        Kind.Boolean => reader.ReadBoolean(),
        Kind.Double => reader.ReadDouble(),
        Kind.Single => reader.ReadSingle(),
        Kind.Decimal => reader.ReadDecimal(),
        Kind.Text => reader.ReadString(),
        Kind.Timestamp => DateTime.FromBinary(reader.ReadInt64()),
        Kind.Letter => (char)reader.ReadUInt16(),
        Kind.Guid => new Guid(reader.ReadBytes(16)),
        Kind.Bytes => reader.ReadBytes(reader.ReadInt32()),
        Kind.Date => DateOnly.FromDayNumber(reader.ReadInt32()),
        Kind.Time => new TimeOnly(reader.ReadInt64()),
        Kind.Span => new TimeSpan(reader.ReadInt64()),
        Kind.Offset => new DateTimeOffset(reader.ReadInt64(), TimeSpan.FromMinutes(reader.ReadInt16())),
        Kind.UInt32 => reader.ReadUInt32(),
        Kind.UInt64 => reader.ReadUInt64(),
        _ => throw new InvalidDataException($"the ledger holds a value of kind {kind}"),
    };

    private static Array ReadArray(BinaryReader reader, Kind element)
    {
        var items = Array.CreateInstance(Kinds.First(known => known.Value == element).Key, reader.ReadInt32());
        for (var i = 0; i < items.Length; i++)
        {
            items.SetValue(Read(reader), i);
        }
        return items;
    }
}
