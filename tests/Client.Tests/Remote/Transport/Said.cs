using System.Collections.Frozen;
using System.Text;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Tests.Remote.Transport;

/// <summary>The one message of these tests.</summary>
internal sealed record Said(string Text);

/// <summary>Writes <see cref="Said"/> and anything else that a hostile test wants to have written as if it were one.</summary>
internal sealed class SaidSerializer : SerializerWithStringManifest
{
    public const int Id = 777;
    public const string Name = "said";

    public SaidSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    public static WireFormat Format { get; } =
        new(typeof(SaidSerializer), typeof(RefusesAll), Id, new[] { Name }.ToFrozenSet(), [typeof(Said)]);

    public override int Identifier => Id;

    public override byte[] ToBinary(object obj) => Encoding.UTF8.GetBytes(((Said)obj).Text);

    public override object FromBinary(byte[] bytes, string manifest) => new Said(Encoding.UTF8.GetString(bytes));

    public override string Manifest(object o) => Name;
}

/// <summary>In place of JSON.</summary>
internal sealed class RefusesAll : Serializer
{
    public RefusesAll(ExtendedActorSystem system, Config settings)
        : base(system) => Settings = settings;

    public Config Settings { get; }

    public override int Identifier => 1;

    public override bool IncludeManifest => true;

    public override byte[] ToBinary(object obj) => throw new NotSupportedException($"{obj.GetType()} is not sent");

    public override object FromBinary(byte[] bytes, Type type) => throw new NotSupportedException($"{type} is not read");
}
