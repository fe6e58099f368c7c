using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Akka.TestKit.Xunit2;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote.Links;
using Broker.Tests.Platforms;

namespace Broker.Client.Tests.Protocol.Serialization;

public sealed class SerializerTests() : TestKit(ConfigurationFactory.ParseString(Patience.Hocon + BrokerSerializer.Hocon)
    .WithFallback(ConfigurationFactory.ParseString(RefusingSerializer.Hocon)).WithFallback("akka.actor.serialize-messages = on"))
{
    [Fact]
    public void Every_message_goes_through_the_systems_own_serialization()
    {
        foreach (var type in RemoteMessages.All)
        {
            var message = new AnyMessage(new Random(5), AnyMessage.Mood.Empty).Draw(type);
            var serializer = Sys.Serialization.FindSerializerFor(message);
            Assert.IsType<BrokerSerializer>(serializer);
            var read = Sys.Serialization.Deserialize(serializer.ToBinary(message), serializer.Identifier,
                Akka.Serialization.Serialization.ManifestFor(serializer, message));
            Assert.True(Structure.Difference(message, read) is var difference && difference is null, difference);
        }
    }

    [Fact]
    public void An_actor_of_the_system_is_found_again_by_its_path()
    {
        var echo = Sys.ActorOf(Props.Create(() => new Echo()), "echo");
        echo.Tell(new PoolFound(new("d", "u"), echo), TestActor);
        Assert.Equal(echo, ExpectMsg<PoolFound>().Supervisor);
    }

    [Fact]
    public void An_actor_of_another_system_is_nobody()
    {
        var serializer = (BrokerSerializer)Sys.Serialization.FindSerializerFor(new SandboxOpened(ActorRefs.Nobody));
        var here = new SandboxOpened(TestActor);
        var bytes = serializer.ToBinary(here);
        Assert.Equal(TestActor, ((SandboxOpened)serializer.FromBinary(bytes, serializer.Manifest(here))).Supervisor);

        var elsewhere = System.Text.Encoding.Latin1.GetBytes(System.Text.Encoding.Latin1.GetString(bytes)
            .Replace($"akka://{Sys.Name}", $"akka://{new string('x', Sys.Name.Length)}", StringComparison.Ordinal));
        Assert.Same(ActorRefs.Nobody, ((SandboxOpened)serializer.FromBinary(elsewhere, serializer.Manifest(here))).Supervisor);
    }

    [Fact]
    public void Another_version_is_not_read()
    {
        var serializer = (BrokerSerializer)Sys.Serialization.FindSerializerFor(GetPoolStatus.Instance);
        Assert.Throws<MalformedMessageException>(() => serializer.FromBinary(serializer.ToBinary(GetPoolStatus.Instance), "2"));
    }

    [Fact]
    public void Over_a_wire_nothing_is_read_but_the_login_and_frames()
    {
        var all = (BrokerSerializer)Sys.Serialization.FindSerializerFor(GetPoolStatus.Instance);
        var wire = (SerializerWithStringManifest)Activator.CreateInstance(BrokerWire.Format.Serializer, Sys)!;

        foreach (var type in RemoteMessages.All)
        {
            var message = new AnyMessage(new Random(5), AnyMessage.Mood.Empty).Draw(type);
            var bytes = all.ToBinary(message);
            if (BrokerWire.Format.Messages.Contains(type))
                Assert.IsType(type, wire.FromBinary(bytes, wire.Manifest(message)));
            else
                Assert.Throws<MalformedMessageException>(() => wire.FromBinary(bytes, wire.Manifest(message)));
        }
    }

    [Fact]
    public void What_has_no_serializer_of_its_own_is_refused_both_ways()
    {
        var serializer = Sys.Serialization.FindSerializerFor(new Unbound(1));
        Assert.IsType<RefusingSerializer>(serializer);
        Assert.Throws<SerializationException>(() => serializer.ToBinary(new Unbound(1)));
        Assert.ThrowsAny<Exception>(() => Sys.Serialization.Deserialize("{\"$type\":\"System.Uri\"}"u8.ToArray(), 1, ""));
        Assert.Throws<SerializationException>(() => serializer.FromBinary<Unbound>([]));
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo() => ReceiveAny(message => Sender.Tell(message));
    }

    private sealed record Unbound(int Number);
}
