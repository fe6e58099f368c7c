namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>One bit for each value, the first the lowest of the first byte: set where it is NULL.</summary>
internal static class Bitmap
{
    /// <summary>Writes the bits.</summary>
    internal static void Write(MessageWriter writer, ReadOnlySpan<bool> nulls)
    {
        var bits = writer.Take((int)(((long)nulls.Length + 7) / 8));
        bits.Clear();
        for (var i = 0; i < nulls.Length; i++)
        {
            if (nulls[i])
                bits[i >> 3] |= (byte)(1 << (i & 7));
        }
    }

    /// <summary>Writes so many bits that are all set.</summary>
    internal static void WriteAll(MessageWriter writer, int count) => writer.Take((int)(((long)count + 7) / 8)).Fill(0xFF);

    /// <summary>Reads so many bits; they are there before room for them is made.</summary>
    internal static bool[] Read(MessageReader reader, int count)
    {
        var bits = reader.Take((int)(((long)count + 7) / 8));
        var nulls = new bool[count];
        for (var i = 0; i < count; i++)
            nulls[i] = (bits[i >> 3] & (1 << (i & 7))) != 0;
        return nulls;
    }
}
