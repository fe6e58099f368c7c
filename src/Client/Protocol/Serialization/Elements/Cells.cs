using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>The values of arrays of one or several dimensions, in one row.</summary>
internal static class Cells
{
    /// <summary>All values of an array of <typeparamref name="T"/>, the last dimension fastest.</summary>
    internal static Span<T> Of<T>(Array array) =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(array)), array.Length);

    /// <summary>An array of these lengths.</summary>
    internal static Array Make<T>(ReadOnlySpan<int> lengths) =>
        lengths.Length == 1 ? new T[lengths[0]] : Array.CreateInstance(typeof(T), lengths.ToArray());

    /// <summary>How many values there are, if the bytes that are left can hold them.</summary>
    internal static int Check(MessageReader reader, ReadOnlySpan<int> lengths, int leastBytes) =>
        CountOf(lengths) is var count && count * leastBytes <= reader.Remaining ? (int)count
            : throw new MalformedMessageException(
                $"{count} values of at least {leastBytes} bytes each are not in {reader.Remaining} bytes");

    /// <summary>How many values there are; not more than could be in a message.</summary>
    internal static long CountOf(ReadOnlySpan<int> lengths)
    {
        long count = 1;
        foreach (var length in lengths)
        {
            count *= length;
            if (count > Array.MaxLength)
                throw new MalformedMessageException("an array has too many values");
        }

        return count;
    }
}
