using System.Runtime.CompilerServices;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>
/// How the values of one type are written and read: those of a column, of a parameter, of an array. Its tag says on the wire which it is.
/// </summary>
internal abstract class Element
{
    private protected Element(byte tag, Type type) => (Tag, Type) = (tag, type);

    /// <summary>The type's number; never used for another type.</summary>
    internal byte Tag { get; }

    /// <summary>The type of the values.</summary>
    internal Type Type { get; }

    /// <summary>Writes the values of a column of this type. Nothing but where the NULLs are tells them from the values.</summary>
    internal abstract void WriteColumn(MessageWriter writer, Column column, bool hasNulls);

    /// <summary>Whether a column of this type has a NULL.</summary>
    internal abstract bool HasNulls(Column column);

    /// <summary>Reads the values of a column.</summary>
    internal abstract Column ReadColumn(MessageReader reader, ColumnDescription description, int count, bool hasNulls);

    /// <summary>Reads the value of a parameter.</summary>
    internal abstract Parameter ReadParameter(MessageReader reader);

    /// <summary>The parameter that is NULL of this type.</summary>
    internal abstract Parameter NullParameter { get; }
}

/// <summary>How values of type <typeparamref name="T"/> are written and read.</summary>
internal abstract class Element<T> : Element where T : notnull
{
    private protected Element(byte tag) : base(tag, typeof(T))
    {
    }

    /// <summary>How many bytes a value takes at least; at least 1.</summary>
    internal virtual int LeastBytes => 1;

    internal override Parameter NullParameter => Parameter.Null<T>();

    /// <summary>Writes a value.</summary>
    internal abstract void Write(MessageWriter writer, T value);

    /// <summary>Reads a value.</summary>
    internal abstract T Read(MessageReader reader);

    /// <summary>Writes several.</summary>
    internal virtual void WriteMany(MessageWriter writer, ReadOnlySpan<T> values)
    {
        foreach (ref readonly var value in values)
            Write(writer, value);
    }

    /// <summary>Reads several.</summary>
    internal virtual void ReadMany(MessageReader reader, Span<T> values)
    {
        foreach (ref var value in values)
            value = Read(reader);
    }

    internal override bool HasNulls(Column column) => ((Column<T>)column).Nulls.Contains(true);

    internal override void WriteColumn(MessageWriter writer, Column column, bool hasNulls)
    {
        var values = ((Column<T>)column).Values;
        if (!hasNulls)
        {
            WriteMany(writer, values);
            return;
        }

        var nulls = ((Column<T>)column).Nulls;
        Bitmap.Write(writer, nulls);
        for (var i = 0; i < values.Length; i++)
        {
            if (!nulls[i])
                Write(writer, values[i]);
        }
    }

    internal override Column ReadColumn(MessageReader reader, ColumnDescription description, int count, bool hasNulls)
    {
        reader.Make(count, Unsafe.SizeOf<T>() + 1);
        if (!hasNulls && count == 1)
            return new Column<T>(description, Read(reader));
        if (!hasNulls)
            return new Column<T>(description, ReadMany(reader, count), null, count);
        var nulls = Bitmap.Read(reader, count);
        if (count == 1)
            return nulls[0] ? Column<T>.OneNull(description) : new Column<T>(description, Read(reader));
        var values = new T[count];
        for (var i = 0; i < count; i++)
        {
            if (!nulls[i])
                values[i] = Read(reader);
        }

        return new Column<T>(description, values, nulls, count);
    }

    internal override Parameter ReadParameter(MessageReader reader)
    {
        reader.Make(1, MemorySize.Object + Unsafe.SizeOf<T>());
        return new Parameter<T>(Read(reader));
    }

    private T[] ReadMany(MessageReader reader, int count)
    {
        Cells.Check(reader, [count], LeastBytes);
        var values = new T[count];
        ReadMany(reader, values.AsSpan());
        return values;
    }
}
