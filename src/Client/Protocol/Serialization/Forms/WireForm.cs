using System.Globalization;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Protocol.Serialization.Forms;

/// <summary>How values of one type are written and read.</summary>
internal abstract class WireForm<T>
{
    /// <summary>How many bytes a value takes at least; at least 1.</summary>
    internal virtual int LeastBytes => 1;

    /// <summary>Whether there is a value for which nothing needs to be written, <see cref="Absent"/>.</summary>
    internal virtual bool HasAbsent => typeof(T).IsValueType;

    /// <summary>Whether a field is optional even where a value is always given, since most often that is <see cref="Absent"/>.</summary>
    internal virtual bool IsOftenAbsent => typeof(T) == typeof(bool);

    /// <summary>What a field has when nothing is written for it.</summary>
    internal virtual T Absent => default!;

    /// <summary>Whether nothing needs to be written.</summary>
    internal virtual bool IsAbsent(T value) => EqualityComparer<T>.Default.Equals(value, default!);

    /// <summary>Writes a value.</summary>
    internal abstract void Write(MessageWriter writer, T value);

    /// <summary>Reads a value; throws <see cref="MalformedMessageException"/>.</summary>
    internal abstract T Read(MessageReader reader);
}

/// <summary>The form of a type for which two functions say it all.</summary>
internal sealed class PlainForm<T>(Action<MessageWriter, T> write, Func<MessageReader, T> read, int leastBytes = 1) : WireForm<T>
{
    internal override int LeastBytes => leastBytes;

    internal override void Write(MessageWriter writer, T value) => write(writer, value);

    internal override T Read(MessageReader reader) => read(reader);
}

/// <summary>The form of the values of an enum: their numbers, of which only those that have a name can be read.</summary>
internal sealed class EnumForm<T> : WireForm<T> where T : struct, Enum
{
    private static readonly Dictionary<int, T> Named =
        Enum.GetValues<T>().ToDictionary(static value => Convert.ToInt32(value, CultureInfo.InvariantCulture));

    private static readonly Dictionary<T, int> Numbers = Named.ToDictionary(static pair => pair.Value, static pair => pair.Key);

    internal override void Write(MessageWriter writer, T value) => writer.WriteSigned(Numbers.TryGetValue(value, out var number) ? number
        : throw new UnsendableException(new ResultMismatch($"{value} is no {typeof(T).Name}")));

    internal override T Read(MessageReader reader)
    {
        var number = reader.ReadSmall();
        return Named.TryGetValue(number, out var value) ? value : throw new MalformedMessageException($"{number} is no {typeof(T).Name}");
    }
}

/// <summary>The form of a nullable, which is written only where it is not null.</summary>
internal sealed class NullableForm<T>(WireForm<T> some) : WireForm<T?> where T : struct
{
    internal override int LeastBytes => some.LeastBytes;

    internal override void Write(MessageWriter writer, T? value) => some.Write(writer, value.GetValueOrDefault());

    internal override T? Read(MessageReader reader) => some.Read(reader);
}
