using System.Collections;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>Values that have parts.</summary>
internal static class Structures
{
    // As deep as somebody who sends it could have read it; the reader of JSON does not go deeper by calling itself.
    private static readonly JsonDocumentOptions Json =
        new() { MaxDepth = 10_000, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    internal static byte[] ReadBytes(MessageReader reader)
    {
        var bytes = reader.TakeBlock();
        if (bytes.Length > 0)
            reader.Make(1, MemorySize.Array + bytes.Length);
        return bytes.ToArray();
    }

    internal static void Write(MessageWriter writer, BitArray value)
    {
        writer.WriteVar((uint)value.Length);
        var bytes = new byte[(value.Length + 7) / 8];
        value.CopyTo(bytes, 0);
        writer.WriteBytes(bytes);
    }

    internal static BitArray ReadBits(MessageReader reader)
    {
        var length = AnyArrayElement.ReadLength(reader);
        reader.Make(1, MemorySize.Bits);
        return new(reader.Take((int)(((long)length + 7) / 8)).ToArray()) { Length = length };
    }

    internal static void Write(MessageWriter writer, Dictionary<string, string?> value)
    {
        writer.WriteVar((uint)value.Count);
        foreach (var (key, text) in value)
        {
            writer.WriteText(key);
            writer.WriteByte(text is null ? (byte)0 : (byte)1);
            if (text is not null)
                writer.WriteText(text);
        }
    }

    internal static Dictionary<string, string?> ReadPairs(MessageReader reader)
    {
        var left = reader.ReadCount(2);
        reader.Make(1, MemorySize.Dictionary);
        reader.Make(left, MemorySize.Pair);
        var pairs = new Dictionary<string, string?>();
        for (; left > 0; left--)
        {
            if (!pairs.TryAdd(reader.ReadText(), reader.ReadByte() == 0 ? null : reader.ReadText()))
                throw new MalformedMessageException("a key is there twice");
        }

        return pairs;
    }

    internal static void Write(MessageWriter writer, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Undefined)
            throw new UnsendableException(new ResultMismatch("a JSON value is undefined"));
        writer.WriteBlock(JsonMarshal.GetRawUtf8Value(value));
    }

    internal static JsonElement ReadJson(MessageReader reader)
    {
        var text = reader.TakeBlock();
        reader.Make(1, MemorySize.OfJson(text.Length));
        if (!Utf8.IsValid(text))
            throw new MalformedMessageException("a JSON text is not UTF-8");
        try
        {
            // The document is not disposed: its one buffer is the element's from here on.
            return JsonDocument.Parse(text.ToArray(), Json).RootElement;
        }
        catch (JsonException exception)
        {
            throw new MalformedMessageException("a text is not JSON", exception);
        }
    }
}

/// <summary>Ranges: a byte of what there is, and the bounds.</summary>
internal sealed class RangeElement<T>(byte tag, Element<T> bound) : Element<ValueRange<T>>(tag) where T : struct
{
    private const byte Some = 1;
    private const byte HasLower = 2;
    private const byte HasUpper = 4;
    private const byte LowerInclusive = 8;
    private const byte UpperInclusive = 16;

    internal override void Write(MessageWriter writer, ValueRange<T> value)
    {
        writer.WriteByte((byte)((value.IsEmpty ? 0 : Some) | (value.Lower is null ? 0 : HasLower) | (value.Upper is null ? 0 : HasUpper)
            | (value.LowerInclusive ? LowerInclusive : 0) | (value.UpperInclusive ? UpperInclusive : 0)));
        if (value.Lower is { } lower)
            bound.Write(writer, lower);
        if (value.Upper is { } upper)
            bound.Write(writer, upper);
    }

    internal override ValueRange<T> Read(MessageReader reader)
    {
        var has = reader.ReadByte();
        if ((has & Some) == 0)
            return default;
        T? lower = (has & HasLower) == 0 ? null : bound.Read(reader);
        T? upper = (has & HasUpper) == 0 ? null : bound.Read(reader);
        return new(lower, upper, (has & LowerInclusive) != 0, (has & UpperInclusive) != 0);
    }
}
