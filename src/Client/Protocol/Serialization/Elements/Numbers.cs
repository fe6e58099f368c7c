namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>Decimals: the scale and the sign in a byte, then the digits as one whole number, which most often is small.</summary>
internal static class Numbers
{
    private const byte Negative = 0x80;
    private const byte HasHigh = 0x40;
    private const byte ScaleMask = 0x3F;
    private const byte MostScale = 28;

    internal static void Write(MessageWriter writer, decimal value)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        var high = (uint)parts[2];
        writer.WriteByte((byte)(value.Scale | (decimal.IsNegative(value) ? Negative : 0) | (high == 0 ? 0 : HasHigh)));
        writer.WriteVar((uint)parts[0] | ((ulong)(uint)parts[1] << 32));
        if (high != 0)
            writer.WriteVar(high);
    }

    internal static decimal ReadDecimal(MessageReader reader)
    {
        var head = reader.ReadByte();
        var low = reader.ReadVar();
        var high = (head & HasHigh) == 0 ? 0 : reader.ReadVar();
        var scale = head & ScaleMask;
        return scale <= MostScale && high <= uint.MaxValue
            ? new((int)(uint)low, (int)(uint)(low >> 32), (int)(uint)high, (head & Negative) != 0, (byte)scale)
            : throw new MalformedMessageException("a decimal has too many digits");
    }
}
