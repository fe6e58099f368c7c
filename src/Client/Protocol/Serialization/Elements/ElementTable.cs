using System.Collections;
using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>
/// The types that values of columns and parameters may have, each with its tag. A tag, once used, is never used for anything else. The
/// lowest six bits are the type, the others what it is made into.
/// </summary>
internal static class ElementTable
{
    /// <summary>In a tag: an array of it, of one dimension.</summary>
    internal const byte Listed = 0x40;

    /// <summary>In a tag: items of an array that may be null.</summary>
    internal const byte OfNullables = 0x80;

    private static readonly ElementRegister Register = Fill(new());

    /// <summary>All types of values.</summary>
    internal static IEnumerable<Element> All => Register.Elements;

    /// <summary>All types of items of arrays.</summary>
    internal static IEnumerable<ArrayItems> AllItems => Register.Items;

    /// <summary>The form of a type's values; null when they have none.</summary>
    internal static Element? Find(Type type) => Register.Find(type);

    /// <summary>The form of the values of a type; null when they have none.</summary>
    internal static Element<T>? Find<T>() where T : notnull => Of<T>.Element;

    /// <summary>The form of the type that has this tag; throws <see cref="MalformedMessageException"/> when none has.</summary>
    internal static Element Find(byte tag) => Register.Find(tag) ?? throw new MalformedMessageException($"no type has the tag {tag}");

    /// <summary>The form of the items of arrays of a type; null when they have none.</summary>
    internal static ArrayItems? FindItems(Type type) => Register.FindItems(type);

    /// <summary>The form of the items that have this tag; throws <see cref="MalformedMessageException"/> when none have.</summary>
    internal static ArrayItems FindItems(byte tag) =>
        Register.FindItems(tag) ?? throw new MalformedMessageException($"no items have the tag {tag}");

    private static ElementRegister Fill(ElementRegister register)
    {
        var (whole, large, number) = (new FixedElement<int>(3), new FixedElement<long>(4),
            new PlainElement<decimal>(7, Numbers.Write, Numbers.ReadDecimal, 2));
        var time = new PlainElement<DateTime>(11, Times.Write, Times.ReadDateTime, 8);
        var day = new PlainElement<DateOnly>(12, Times.Write, Times.ReadDateOnly, 4);
        var moment = new PlainElement<DateTimeOffset>(15, Times.Write, Times.ReadDateTimeOffset, 10);
        var bytes = new PlainElement<byte[]>(18, static (w, v) => w.WriteBlock(v), Structures.ReadBytes);
        var json = new PlainElement<JsonElement>(23, Structures.Write, Structures.ReadJson, 2);

        register.Value(new PlainElement<bool>(1, static (w, v) => w.WriteByte(v ? (byte)1 : (byte)0), static r => r.ReadByte() != 0));
        register.Value(new FixedElement<short>(2));
        register.Value(whole);
        register.Value(large);
        register.Value(new FixedElement<float>(5));
        register.Value(new FixedElement<double>(6));
        register.Value(number);
        register.Reference(new PlainElement<string>(8, static (w, v) => w.WriteText(v), static r => r.ReadText()));
        register.Value(new FixedElement<char>(9));
        register.Value(new FixedElement<Guid>(10));
        register.Value(time);
        register.Value(day);
        register.Value(new PlainElement<TimeOnly>(13, Times.Write, Times.ReadTimeOnly, 8));
        register.Value(new FixedElement<TimeSpan>(14));
        register.Value(moment);
        register.Value(new FixedElement<uint>(16));
        register.Value(new FixedElement<ulong>(17));
        register.Reference(bytes);
        register.Reference(new PlainElement<BitArray>(19, Structures.Write, Structures.ReadBits));
        register.Reference(new PlainElement<IPAddress>(20, Networks.Write, Networks.ReadAddress, 5));
        register.Value(new PlainElement<IPNetwork>(21, Networks.Write, Networks.ReadNetwork, 6));
        register.Reference(new PlainElement<PhysicalAddress>(22, Networks.Write, Networks.ReadPhysical));
        register.Value(json);
        register.Reference(new PlainElement<Dictionary<string, string?>>(24, Structures.Write, Structures.ReadPairs));
        register.Value(new RangeElement<int>(25, whole));
        register.Value(new RangeElement<long>(26, large));
        register.Value(new RangeElement<decimal>(27, number));
        register.Value(new RangeElement<DateTime>(28, time));
        register.Value(new RangeElement<DateTimeOffset>(29, moment));
        register.Value(new RangeElement<DateOnly>(30, day));

        register.Alone(new UnknownElement(62));
        register.Alone(new AnyArrayElement(63));
        register.Alias(new SentAs<ReadOnlyMemory<byte>, byte[]>(bytes, static value => value.ToArray()));
        register.Alias(new SentAs<JsonDocument, JsonElement>(json, static value => value.RootElement));
        return register;
    }

    private static class Of<T> where T : notnull
    {
        internal static readonly Element<T>? Element = (Element<T>?)Register.Find(typeof(T));
    }
}
