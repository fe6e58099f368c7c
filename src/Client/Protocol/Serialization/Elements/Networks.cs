using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>Addresses of machines and networks.</summary>
internal static class Networks
{
    private const int LongestAddress = 16;
    private const int LongestPhysical = 32;

    internal static void Write(MessageWriter writer, IPAddress value)
    {
        Span<byte> bytes = stackalloc byte[LongestAddress];
        value.TryWriteBytes(bytes, out var length);
        writer.WriteBlock(bytes[..length]);
        if (value.AddressFamily == AddressFamily.InterNetworkV6)
            writer.WriteVar((ulong)value.ScopeId);
    }

    internal static IPAddress ReadAddress(MessageReader reader)
    {
        var bytes = reader.TakeBlock();
        reader.Make(1, MemorySize.Address);
        return bytes.Length switch
        {
            4 => new(bytes),
            LongestAddress when reader.ReadVar() is var scope && scope <= uint.MaxValue => new(bytes, (long)scope),
            _ => throw new MalformedMessageException($"an address of {bytes.Length} bytes"),
        };
    }

    internal static void Write(MessageWriter writer, IPNetwork value)
    {
        Write(writer, value.BaseAddress);
        writer.WriteByte((byte)value.PrefixLength);
    }

    internal static IPNetwork ReadNetwork(MessageReader reader)
    {
        var (address, prefix) = (ReadAddress(reader), reader.ReadByte());
        try
        {
            return new(address, prefix);
        }
        catch (ArgumentException exception)
        {
            throw new MalformedMessageException($"{address}/{prefix} is no network", exception);
        }
    }

    internal static void Write(MessageWriter writer, PhysicalAddress value) => writer.WriteBlock(value.GetAddressBytes());

    internal static PhysicalAddress ReadPhysical(MessageReader reader) =>
        reader.TakeBlock() is { Length: <= LongestPhysical } bytes
            ? new(bytes.ToArray())
            : throw new MalformedMessageException("too long an address");
}
