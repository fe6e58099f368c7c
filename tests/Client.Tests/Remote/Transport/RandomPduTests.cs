using System.Net.Sockets;
using System.Reflection;
using System.Text;
using Broker.Client.Remote.Transport;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Broker.Client.Tests.Remote.Transport;

public sealed class RandomPduTests : Wires
{
    private static readonly MessageDescriptor OfProtocol = Descriptor("AkkaProtocolMessage");
    private static readonly MessageDescriptor OfContainer = Descriptor("AckAndEnvelopeContainer");

    [Fact]
    public void What_comes_in_of_a_hundred_thousand_random_PDUs_means_to_Akka_what_it_means_to_the_filter()
    {
        var random = new Random(1);
        var letIn = 0;
        for (var time = 0; time < 100_000; time++)
        {
            var filter = new PduFilter(new(VirtualAddress.Of("broker", "door"), VirtualAddress.Client, SaidSerializer.Format, new(["/user/door"])));
            filter.Look(Pdu.Associate());
            var pdu = Spoiled(random);
            if (filter.Look(pdu) == PduKind.Message)
            {
                letIn++;
                AssertHarmless(pdu);
            }
        }

        Assert.InRange(letIn, 1000, 99_000);
    }

    [Fact]
    public async Task Random_PDUs_do_not_bring_the_broker_down()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async worker =>
        {
            var random = new Random(worker);
            for (var time = 0; time < 500; time++)
            {
                using var peer = await RawPeer.To(Door.BoundTo!);
                try
                {
                    await peer.SendFrame(Pdu.Associate(Pdu.Origin($"client-{worker}-{time}")));
                    await peer.SendFrame(Spoiled(random, $"client-{worker}-{time}"));
                    await peer.SendFrame(Spoiled(random, $"client-{worker}-{time}"));
                }
                catch (SocketException)
                {
                    // It was closed before the last was sent.
                }
            }
        }));

        await AssertStillAnswers();
        Assert.True(AtOther.IsEmpty);
    }

    /// <summary>A good PDU with a few bytes changed, cut out, put in or repeated; or mere bytes.</summary>
    private static byte[] Spoiled(Random random, string name = "client-7")
    {
        var good = Pdu.Message(sender: $"akka.tcp://{name}@client:1/user/$a").ToList();
        for (var changes = random.Next(4); changes > 0; changes--)
        {
            var at = random.Next(good.Count);
            switch (random.Next(5))
            {
                case 0:
                    good[at] = (byte)random.Next(256);
                    break;
                case 1:
                    good.RemoveAt(at);
                    break;
                case 2:
                    good.Insert(at, (byte)random.Next(256));
                    break;
                case 3:
                    good.InsertRange(at, good.GetRange(at, random.Next(good.Count - at)));
                    break;
                default:
                    good[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. good];
    }

    private static void AssertHarmless(byte[] pdu)
    {
        var payload = (ByteString)Field(OfProtocol.Parser.ParseFrom(pdu), 1)!;
        Assert.Null(Field(OfProtocol.Parser.ParseFrom(pdu), 2));
        var container = OfContainer.Parser.ParseFrom(payload);
        var envelope = (IMessage)Field(container, 2)!;
        var message = (IMessage)Field(envelope, 2)!;

        Assert.Null(Field(container, 1));
        Assert.Matches(@"^akka\.tcp://broker@door:1/user/door(/[^/#]+)*(#-?\d+)?$", (string)Field((IMessage)Field(envelope, 1)!, 1)!);
        Assert.Equal(ulong.MaxValue, Field(envelope, 5));
        Assert.Equal(SaidSerializer.Id, Field(message, 2));
        Assert.Equal(SaidSerializer.Name, ((ByteString)Field(message, 3)!).ToString(Encoding.UTF8));
        if (Field(envelope, 4) is IMessage sender)
        {
            Assert.StartsWith("akka.tcp://client-7@client:1/", (string)Field(sender, 1)!, StringComparison.Ordinal);
        }
    }

    private static object? Field(IMessage message, int number) => message.Descriptor.FindFieldByNumber(number).Accessor.GetValue(message);

    /// <summary>What Akka itself reads PDUs with, which it keeps to itself.</summary>
    private static MessageDescriptor Descriptor(string name) =>
        (MessageDescriptor)typeof(Akka.Remote.Transport.AssociationHandle).Assembly.GetType($"Akka.Remote.Serialization.Proto.Msg.{name}")!
            .GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
}
