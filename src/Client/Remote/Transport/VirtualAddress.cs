using System.Buffers;
using System.Text;
using Akka.Actor;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// The Akka addresses of the two sides. They say nothing of the network: a broker is <c>akka.tcp://broker@door:1</c> wherever it listens,
/// and a client is known by the name of its system alone. So a message's sender cannot make anybody connect somewhere.
/// </summary>
internal static class VirtualAddress
{
    /// <summary>The host of a system that listens.</summary>
    public const string Door = "door";

    /// <summary>The host of a system that connects.</summary>
    public const string Client = "client";

    /// <summary>The protocol that an address has above the transport.</summary>
    public const string Protocol = "akka." + Scheme;

    /// <summary>The protocol of the transport.</summary>
    public const string Scheme = "tcp";

    /// <summary>The port of both.</summary>
    public const int Port = 1;

    /// <summary>How long the name of a system may be, in bytes.</summary>
    public const int LongestName = 128;

    private static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    /// <summary>The address as the transport says it.</summary>
    public static Address Of(string system, string host) => new(Scheme, system, host, Port);

    /// <summary>What the path of each actor of a system begins with, up to the <c>/</c> that follows.</summary>
    public static byte[] Prefix(string system, string host) => Encoding.ASCII.GetBytes($"{Protocol}://{system}@{host}:{Port}");

    /// <summary>Whether this can be the name of an actor system.</summary>
    public static bool IsSystemName(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= LongestName && name[0] is not ((byte)'-' or (byte)'_') && !name.ContainsAnyExcept(NameBytes);
}
