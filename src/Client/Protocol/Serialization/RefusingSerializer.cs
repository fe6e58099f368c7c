using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// Stands where Akka has a serializer that makes any type which a peer names, in systems that talk to others: it refuses, both ways. It has
/// that serializer's number, since what arrives is given to the serializer of the number that it bears.
/// </summary>
internal sealed class RefusingSerializer : Serializer
{
    /// <summary>Puts it in the place of Akka's JSON serializer, which is the one for all types without a binding.</summary>
    internal const string Hocon = """
        akka.actor.serializers.json = "Broker.Client.Protocol.Serialization.RefusingSerializer, Broker.Client"
        """;

    // Of Akka's JSON serializer.
    private const int Id = 1;

    /// <summary>As Akka makes it.</summary>
    public RefusingSerializer(ExtendedActorSystem system) : base(system)
    {
    }

    /// <summary>As Akka makes it where there are settings for the serializer; they say nothing here.</summary>
    public RefusingSerializer(ExtendedActorSystem system, Config config) : base(system) => _ = config;

    /// <inheritdoc/>
    public override int Identifier => Id;

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <summary>Throws <see cref="SerializationException"/>.</summary>
    public override byte[] ToBinary(object obj) =>
        throw new SerializationException($"{obj?.GetType().FullName} has no wire form, and none is made up for it");

    /// <summary>Throws <see cref="SerializationException"/>; the bytes are not looked at.</summary>
    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException("what names its own types is not read");
}
