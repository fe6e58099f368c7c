using System.Buffers.Binary;
using System.Text;

namespace Broker.Client.Tests.Remote.Transport;

/// <summary>PDUs of Akka's, and what looks like them, written by hand.</summary>
internal static class Pdu
{
    public const ulong NoSequence = ulong.MaxValue;
    public const string Door = "akka.tcp://broker@door:1/user/door";

    public static byte[] Bytes(int number, params byte[][] content)
    {
        var all = content.SelectMany(static part => part).ToArray();
        return [(byte)((number << 3) | 2), .. Number((ulong)all.Length), .. all];
    }

    public static byte[] Text(int number, string text) => Bytes(number, Encoding.UTF8.GetBytes(text));

    public static byte[] Varint(int number, ulong value) => [(byte)(number << 3), .. Number(value)];

    public static byte[] Fixed(int number, ulong value)
    {
        var bytes = new byte[9];
        bytes[0] = (byte)((number << 3) | 1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), value);
        return bytes;
    }

    public static byte[] Control(ulong command, params byte[][] more) => Bytes(2, [Varint(1, command), .. more]);

    public static byte[] Origin(string system = "client-7", string host = "client", ulong port = 1, string protocol = "tcp") =>
        Bytes(1, Text(1, system), Text(2, host), Varint(3, port), Text(4, protocol));

    public static byte[] Associate(byte[]? origin = null) => Control(1, Bytes(2, origin ?? Origin(), Fixed(2, 4711)));

    public static byte[] Heartbeat => Control(3);

    public static byte[] Goodbye => Control(2);

    public static byte[] Message(
        string recipient = Door, ulong serializer = SaidSerializer.Id, string manifest = SaidSerializer.Name, string text = "hello",
        string? sender = null, ulong? sequence = NoSequence) =>
        Payload(Envelope(recipient, sender, sequence, Text(1, text), Varint(2, serializer), Text(3, manifest)));

    public static byte[] Payload(params byte[][] parts) => Bytes(1, parts);

    public static byte[] Envelope(string recipient, string? sender, ulong? sequence, params byte[][] message) => Bytes(2,
        Bytes(1, Text(1, recipient)),
        Bytes(2, message),
        sender is null ? [] : Bytes(4, Text(1, sender)),
        sequence is { } number ? Fixed(5, number) : []);

    private static byte[] Number(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        return [.. bytes, (byte)value];
    }
}
