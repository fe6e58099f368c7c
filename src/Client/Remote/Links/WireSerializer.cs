using Akka.Actor;
using Akka.Serialization;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Protocol.Serialization.Forms;

namespace Broker.Client.Remote.Links;

/// <summary>
/// <see cref="BrokerSerializer"/> where others send the bytes: it reads the messages of <see cref="BrokerWire.Format"/>, and no other has
/// a manifest there. So a stranger has nothing made but what a login consists of.
/// </summary>
internal sealed class WireSerializer : SerializerWithStringManifest
{
    private static readonly Family<object> Readable = MessageTable.Messages.Only(BrokerWire.Format.Messages);

    private readonly BrokerSerializer _all;

    /// <summary>As Akka makes it.</summary>
    public WireSerializer(ExtendedActorSystem system) : base(system) => _all = new(system);

    /// <inheritdoc/>
    public override int Identifier => BrokerSerializer.Id;

    /// <inheritdoc/>
    public override string Manifest(object o) => _all.Manifest(o);

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => _all.ToBinary(obj);

    /// <summary>Throws <see cref="MalformedMessageException"/> when the bytes are no message that may come.</summary>
    public override object FromBinary(byte[] bytes, string manifest) => _all.FromBinary(bytes, manifest, Readable);
}
