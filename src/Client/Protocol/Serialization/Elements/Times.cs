namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>Dates and times: what .NET counts, of which not every number is one.</summary>
internal static class Times
{
    // Behind the ticks, which take 62 bits.
    private const int KindShift = 62;

    internal static void Write(MessageWriter writer, DateTime value) =>
        writer.WriteFixed((ulong)value.Ticks | ((ulong)value.Kind << KindShift));

    internal static DateTime ReadDateTime(MessageReader reader)
    {
        var bits = reader.ReadFixed<ulong>();
        var (ticks, kind) = ((long)(bits & ((1UL << KindShift) - 1)), (DateTimeKind)(bits >> KindShift));
        return ticks <= DateTime.MaxValue.Ticks && kind <= DateTimeKind.Local
            ? new(ticks, kind)
            : throw new MalformedMessageException($"{bits:x} is no time");
    }

    internal static void Write(MessageWriter writer, DateTimeOffset value)
    {
        writer.WriteFixed(value.UtcTicks);
        writer.WriteFixed((short)value.TotalOffsetMinutes);
    }

    internal static DateTimeOffset ReadDateTimeOffset(MessageReader reader)
    {
        var (utc, minutes) = (reader.ReadFixed<long>(), reader.ReadFixed<short>());
        try
        {
            var offset = TimeSpan.FromMinutes((int)minutes, 0);
            return new DateTimeOffset(utc, TimeSpan.Zero).ToOffset(offset);
        }
        catch (ArgumentException exception)
        {
            throw new MalformedMessageException($"{utc} at {minutes} minutes is no time", exception);
        }
    }

    internal static void Write(MessageWriter writer, DateOnly value) => writer.WriteFixed(value.DayNumber);

    internal static DateOnly ReadDateOnly(MessageReader reader) =>
        reader.ReadFixed<int>() is var day && (uint)day <= (uint)DateOnly.MaxValue.DayNumber ? DateOnly.FromDayNumber(day)
            : throw new MalformedMessageException($"{day} is no day");

    internal static void Write(MessageWriter writer, TimeOnly value) => writer.WriteFixed(value.Ticks);

    internal static TimeOnly ReadTimeOnly(MessageReader reader) =>
        reader.ReadFixed<long>() is var ticks && (ulong)ticks <= (ulong)TimeOnly.MaxValue.Ticks ? new(ticks)
            : throw new MalformedMessageException($"{ticks} is no time of a day");
}
