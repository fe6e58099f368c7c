using System.Runtime.CompilerServices;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>How the items of arrays of one type are written and read, whatever dimensions the array has.</summary>
internal abstract class ArrayItems
{
    private protected ArrayItems(byte tag, Type type) => (Tag, Type) = (tag, type);

    /// <summary>The tag of the item's type.</summary>
    internal byte Tag { get; }

    /// <summary>The type of the items.</summary>
    internal Type Type { get; }

    /// <summary>Writes all items of an array, the last dimension fastest.</summary>
    internal abstract void Write(MessageWriter writer, Array array);

    /// <summary>Reads an array.</summary>
    /// <param name="reader">Stands at the items.</param>
    /// <param name="lengths">The length in each dimension; the bytes may be too few for them.</param>
    internal abstract Array Read(MessageReader reader, ReadOnlySpan<int> lengths);
}

/// <summary>Items of which none is null.</summary>
internal sealed class PlainItems<T>(Element<T> element) : ArrayItems(element.Tag, typeof(T)) where T : struct
{
    internal override void Write(MessageWriter writer, Array array) => element.WriteMany(writer, Cells.Of<T>(array));

    internal override Array Read(MessageReader reader, ReadOnlySpan<int> lengths)
    {
        reader.Make(Cells.Check(reader, lengths, element.LeastBytes), Unsafe.SizeOf<T>());
        var array = Cells.Make<T>(lengths);
        element.ReadMany(reader, Cells.Of<T>(array));
        return array;
    }
}

/// <summary>
/// Items of which some may be null. Where one is, a bitmap says which, and only the others are written.
/// </summary>
/// <typeparam name="TItem">What the array is of.</typeparam>
/// <typeparam name="T">The same without its nulls.</typeparam>
internal abstract class NullableItems<TItem, T>(Element<T> element)
    : ArrayItems((byte)(element.Tag | ElementTable.OfNullables), typeof(TItem)) where T : notnull
{
    internal override void Write(MessageWriter writer, Array array)
    {
        var items = Cells.Of<TItem>(array);
        var nulls = NullsOf(items);
        writer.WriteByte(nulls is null ? (byte)0 : (byte)1);
        if (nulls is not null)
            Bitmap.Write(writer, nulls);
        foreach (ref readonly var item in items)
        {
            if (item is not null)
                element.Write(writer, SomeOf(item));
        }
    }

    internal override Array Read(MessageReader reader, ReadOnlySpan<int> lengths)
    {
        var hasNulls = reader.ReadByte() != 0;
        var count = hasNulls ? (int)Cells.CountOf(lengths) : Cells.Check(reader, lengths, element.LeastBytes);
        reader.Make(count, Unsafe.SizeOf<TItem>() + (hasNulls ? 1 : 0));
        var nulls = hasNulls ? Bitmap.Read(reader, count) : null;
        var array = Cells.Make<TItem>(lengths);
        var items = Cells.Of<TItem>(array);
        for (var i = 0; i < items.Length; i++)
        {
            if (nulls is null || !nulls[i])
                items[i] = ItemOf(element.Read(reader));
        }

        return array;
    }

    private protected abstract T SomeOf(TItem item);

    private protected abstract TItem ItemOf(T some);

    private static bool[]? NullsOf(ReadOnlySpan<TItem> items)
    {
        bool[]? nulls = null;
        for (var i = 0; i < items.Length; i++)
        {
            if (items[i] is null)
                (nulls ??= new bool[items.Length])[i] = true;
        }

        return nulls;
    }
}

/// <summary>Nullables of a value type.</summary>
internal sealed class NullableValues<T>(Element<T> element) : NullableItems<T?, T>(element) where T : struct
{
    private protected override T SomeOf(T? item) => item.GetValueOrDefault();

    private protected override T? ItemOf(T some) => some;
}

/// <summary>References.</summary>
internal sealed class References<T>(Element<T> element) : NullableItems<T, T>(element) where T : class
{
    private protected override T SomeOf(T item) => item;

    private protected override T ItemOf(T some) => some;
}
