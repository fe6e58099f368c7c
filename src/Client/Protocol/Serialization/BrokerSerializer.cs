using System.Globalization;
using Akka.Actor;
using Akka.Serialization;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization.Forms;

namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// The protocol's messages for Akka's own serialization: the same bytes as <see cref="MessageCodec"/> writes, behind the paths of the
/// actors in them. Only actors of the system itself are found again; a path of another system is nobody. Bound by <see cref="Hocon"/>.
/// </summary>
internal sealed class BrokerSerializer : SerializerWithStringManifest
{
    /// <summary>Binds the messages to this serializer.</summary>
    internal const string Hocon = """
        akka.actor {
          serializers.broker = "Broker.Client.Protocol.Serialization.BrokerSerializer, Broker.Client"
          serialization-bindings {
            "Broker.Client.Protocol.Messages.IBrokerRequest, Broker.Client" = broker
            "Broker.Client.Protocol.Messages.IBrokerReply, Broker.Client" = broker
          }
        }
        """;

    /// <summary>Its number on the wire; Akka keeps 0 to 40 for itself.</summary>
    internal const int Id = 4711;

    /// <summary>The version of the protocol that this build writes.</summary>
    internal static readonly string Version = ProtocolVersion.Current.Number.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// That of a <see cref="LinkFrame"/>, which carries all others and holds no reference: its bytes are its content behind its two
    /// numbers.
    /// </summary>
    internal static readonly string FrameVersion = "f" + Version;

    // Two numbers of 64 bits, seven to a byte.
    private const int LongestHead = 20;

    /// <summary>As Akka makes it.</summary>
    public BrokerSerializer(ExtendedActorSystem system) : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => Id;

    /// <summary>The protocol's version: which message it is stands in the bytes.</summary>
    public override string Manifest(object o) => o is LinkFrame ? FrameVersion : Version;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        if (obj is LinkFrame frame)
            return Framed(frame);
        var paths = new PathTable(system);
        using var message = new MessageWriter();
        using var all = new MessageWriter();
        new MessageCodec(paths).Write(message, obj);
        paths.Write(all);
        all.WriteBytes(message.Written.Span);
        return all.Written.ToArray();
    }

    /// <summary>Throws <see cref="MalformedMessageException"/> when the bytes are no message.</summary>
    public override object FromBinary(byte[] bytes, string manifest) => FromBinary(bytes, manifest, MessageTable.Messages);

    /// <summary>The same of bytes that may be one of these messages; others are not read.</summary>
    internal object FromBinary(byte[] bytes, string manifest, Family<object> readable)
    {
        if (manifest == FrameVersion)
            return Frame(bytes);
        if (manifest != Version)
            throw new MalformedMessageException($"version {manifest} of the protocol is not understood, {Version} is");
        var reader = new MessageReader(bytes, kept: true);
        return new MessageCodec(PathTable.Read(reader, system), readable).Read(reader);
    }

    private static byte[] Framed(LinkFrame frame)
    {
        Span<byte> head = stackalloc byte[LongestHead];
        var length = Write(head, (ulong)frame.Sequence);
        length += Write(head[length..], (ulong)frame.Acknowledged);
        var bytes = new byte[length + frame.Content.Length];
        head[..length].CopyTo(bytes);
        frame.Content.Span.CopyTo(bytes.AsSpan(length));
        return bytes;
    }

    private static LinkFrame Frame(byte[] bytes)
    {
        var reader = new MessageReader(bytes, kept: true);
        return new((long)reader.ReadVar(), (long)reader.ReadVar(), bytes.AsMemory(bytes.Length - reader.Remaining));
    }

    private static int Write(Span<byte> to, ulong number)
    {
        var length = 0;
        for (; number >= 0x80; number >>= 7)
            to[length++] = (byte)(number | 0x80);
        to[length++] = (byte)number;
        return length;
    }
}
