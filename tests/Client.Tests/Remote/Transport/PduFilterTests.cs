using Broker.Client.Remote.Transport;

namespace Broker.Client.Tests.Remote.Transport;

public sealed class PduFilterTests
{
    private readonly PduFilter _filter = NewFilter();

    public static TheoryData<string, byte[]> Refused => new()
    {
        { "another actor", Pdu.Message("akka.tcp://broker@door:1/user/other") },
        { "a name that begins alike", Pdu.Message(Pdu.Door + "way") },
        { "the guardian", Pdu.Message("akka.tcp://broker@door:1/user") },
        { "the root", Pdu.Message("akka.tcp://broker@door:1/") },
        { "the remote daemon", Pdu.Message("akka.tcp://broker@door:1/remote") },
        { "the remote watcher", Pdu.Message("akka.tcp://broker@door:1/system/remote-watcher") },
        { "climbing", Pdu.Message(Pdu.Door + "/../other") },
        { "climbing to itself", Pdu.Message(Pdu.Door + "/.") },
        { "climbing escaped", Pdu.Message(Pdu.Door + "/%2e%2e/other") },
        { "an empty element", Pdu.Message(Pdu.Door + "//a") },
        { "an empty last element", Pdu.Message(Pdu.Door + "/") },
        { "a uid that is none", Pdu.Message(Pdu.Door + "#12a") },
        { "two uids", Pdu.Message(Pdu.Door + "#1#2") },
        { "a uid within", Pdu.Message(Pdu.Door + "#1/a") },
        { "another system", Pdu.Message("akka.tcp://other@door:1/user/door") },
        { "another host", Pdu.Message("akka.tcp://broker@elsewhere:1/user/door") },
        { "another port", Pdu.Message("akka.tcp://broker@door:11/user/door") },
        { "another protocol", Pdu.Message("akka.udp://broker@door:1/user/door") },
        { "a path without address", Pdu.Message("/user/door") },
        { "a user before the system", Pdu.Message("akka.tcp://x@broker@door:1/user/door") },
        { "a zero within", Pdu.Message(Pdu.Door + "/a\0b") },
        { "a path without end", Pdu.Message(Pdu.Door + "/" + new string('a', 2000)) },
        { "no recipient", Pdu.Payload(Pdu.Bytes(2, Pdu.Bytes(2, Pdu.Varint(2, SaidSerializer.Id)), Pdu.Fixed(5, Pdu.NoSequence))) },
        { "no message", Pdu.Payload(Pdu.Bytes(2, Pdu.Bytes(1, Pdu.Text(1, Pdu.Door)), Pdu.Fixed(5, Pdu.NoSequence))) },
        { "JSON", Pdu.Message(serializer: 1, manifest: "System.Object, mscorlib") },
        { "bytes", Pdu.Message(serializer: 4) },
        { "a selection", Pdu.Message("akka.tcp://broker@door:1/", serializer: 6) },
        { "Kill", Pdu.Message(serializer: 16, manifest: "K") },
        { "PoisonPill", Pdu.Message(serializer: 16, manifest: "P") },
        { "Identify", Pdu.Message(serializer: 16, manifest: "ID") },
        { "a string", Pdu.Message(serializer: 17, manifest: "S") },
        { "a number", Pdu.Message(serializer: 17, manifest: "I") },
        { "remote deployment", Pdu.Message("akka.tcp://broker@door:1/remote", serializer: 3) },
        { "a system message", Pdu.Message(serializer: 22, manifest: "W", sequence: 0) },
        { "our message as a system message", Pdu.Message(sequence: 0) },
        { "our message without a sequence, which means zero", Pdu.Message(sequence: null) },
        { "a high sequence", Pdu.Message(sequence: ulong.MaxValue - 1) },
        { "a manifest that is not known", Pdu.Message(manifest: "unsaid") },
        { "a manifest that is longer than any", Pdu.Message(manifest: new string('s', 5000)) },
        { "a manifest that is no ASCII", Pdu.Message(manifest: "säid") },
        { "no manifest", Pdu.Message(manifest: "") },
        { "a serializer that is ours once cut off", Pdu.Message(serializer: SaidSerializer.Id + (1UL << 32)) },
        { "a sender of another client", Pdu.Message(sender: "akka.tcp://client-8@client:1/user/a") },
        { "a sender whose name begins alike", Pdu.Message(sender: "akka.tcp://client-7@client:11/user/a") },
        { "a sender of the broker", Pdu.Message(sender: "akka.tcp://broker@door:1/user/door") },
        { "a sender without address", Pdu.Message(sender: "/user/a") },
        { "an empty sender", Pdu.Message(sender: "") },
        { "an acknowledgement", Pdu.Payload(Pdu.Bytes(1, Pdu.Fixed(1, 1))) },
        { "an acknowledgement with a message", Pdu.Bytes(1, Pdu.Bytes(1, Pdu.Fixed(1, 1)), Inner()) },
        { "two envelopes", Pdu.Bytes(1, Inner(), Inner()) },
        { "two payloads", [.. Pdu.Message(), .. Pdu.Message(serializer: 16, manifest: "K")] },
        { "a payload and an instruction", [.. Pdu.Message(), .. Pdu.Heartbeat] },
        { "an unknown part", Pdu.Bytes(3, [1]) },
        { "an empty payload", Pdu.Payload() },
        { "two recipients", Twice(Pdu.Bytes(1, Pdu.Text(1, "akka.tcp://broker@door:1/user/other"))) },
        { "two messages", Twice(Pdu.Bytes(2, Pdu.Varint(2, 16))) },
        { "two sequences", Twice(Pdu.Fixed(5, 0)) },
        { "an unknown part of the envelope", Twice(Pdu.Varint(6, 1)) },
        { "a second path of the recipient", Pdu.Payload(Pdu.Bytes(2, Pdu.Bytes(1, Pdu.Text(1, Pdu.Door), Pdu.Text(1, "akka.tcp://broker@door:1/user/other")))) },
        { "a second serializer", Pdu.Payload(Pdu.Envelope(Pdu.Door, null, Pdu.NoSequence, Pdu.Varint(2, SaidSerializer.Id), Pdu.Text(3, "said"), Pdu.Varint(2, 16))) },
        { "a second manifest", Pdu.Payload(Pdu.Envelope(Pdu.Door, null, Pdu.NoSequence, Pdu.Varint(2, SaidSerializer.Id), Pdu.Text(3, "said"), Pdu.Text(3, "K"))) },
        { "a second handshake", Pdu.Associate() },
        { "an unknown instruction", Pdu.Control(6) },
        { "an instruction without a command", Pdu.Bytes(2) },
        { "a heartbeat with a handshake", Pdu.Control(3, Pdu.Bytes(2, Pdu.Origin())) },
        { "nothing", [] },
        { "a tag of two bytes", [0x8A, 0x00, 0x00] },
        { "a group", [0x0B, 0x0C] },
        { "a field of four bytes", [0x0D, 1, 2, 3, 4] },
        { "a length beyond the end", [0x0A, 0x7F, 1] },
        { "a length without end", [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF] },
        { "a negative length", [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F] },
        { "the number zero", [0x02, 0x00] },
    };

    public static TheoryData<string, byte[]> RefusedAtFirst => new()
    {
        { "a heartbeat", Pdu.Heartbeat },
        { "a message", Pdu.Message() },
        { "no handshake", Pdu.Control(1) },
        { "no origin", Pdu.Control(1, Pdu.Bytes(2, Pdu.Fixed(2, 1))) },
        { "the broker's own address", Pdu.Associate(Pdu.Origin("broker", "door")) },
        { "an address on the network", Pdu.Associate(Pdu.Origin(host: "10.0.0.1", port: 4053)) },
        { "another port", Pdu.Associate(Pdu.Origin(port: 2)) },
        { "another protocol", Pdu.Associate(Pdu.Origin(protocol: "udp")) },
        { "no name", Pdu.Associate(Pdu.Origin("")) },
        { "a name with an address in it", Pdu.Associate(Pdu.Origin("a@b")) },
        { "a name with a slash", Pdu.Associate(Pdu.Origin("a/b")) },
        { "a name of great length", Pdu.Associate(Pdu.Origin(new string('a', 129))) },
        { "two names", Pdu.Associate(Pdu.Bytes(1, Pdu.Text(1, "a"), Pdu.Text(1, "b"), Pdu.Text(2, "client"), Pdu.Varint(3, 1), Pdu.Text(4, "tcp"))) },
        { "a cookie", Pdu.Control(1, Pdu.Bytes(2, Pdu.Origin(), Pdu.Fixed(2, 1), Pdu.Text(3, "c"))) },
    };

    public static TheoryData<string, byte[]> LetIn => new()
    {
        { "for the door", Pdu.Message() },
        { "for the door as it is now", Pdu.Message(Pdu.Door + "#1804289383") },
        { "for the door with a negative uid", Pdu.Message(Pdu.Door + "#-18") },
        { "for a child", Pdu.Message(Pdu.Door + "/wire-7#12") },
        { "for a grandchild", Pdu.Message(Pdu.Door + "/wire-7/$a#12") },
        { "from a sender", Pdu.Message(sender: "akka.tcp://client-7@client:1/temp/$b") },
        { "without content", Pdu.Message(text: "") },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Whatever_is_not_allowed_is_refused_with_the_reason(string what, byte[] pdu)
    {
        Assert.Equal(PduKind.Associate, _filter.Look(Pdu.Associate()));
        Assert.True(PduKind.Refused == _filter.Look(pdu), what);
        Assert.NotEmpty(_filter.Why);
    }

    [Theory]
    [MemberData(nameof(RefusedAtFirst))]
    public void Nothing_comes_in_before_the_other_side_has_said_who_it_is(string what, byte[] pdu)
    {
        Assert.True(PduKind.Refused == _filter.Look(pdu), what);
        Assert.Null(_filter.OtherSystem);
    }

    [Theory]
    [MemberData(nameof(LetIn))]
    public void A_message_in_the_one_format_for_an_actor_that_may_be_reached_comes_in(string what, byte[] pdu)
    {
        Assert.Equal(PduKind.Associate, _filter.Look(Pdu.Associate()));
        Assert.True(PduKind.Message == _filter.Look(pdu), $"{what}: {_filter.Why}");
    }

    [Fact]
    public void Who_the_other_side_is_that_it_is_there_and_that_it_goes_comes_in()
    {
        Assert.Equal(PduKind.Associate, _filter.Look(Pdu.Associate()));
        Assert.Equal("client-7", _filter.OtherSystem);
        Assert.Equal(PduKind.Heartbeat, _filter.Look(Pdu.Heartbeat));
        Assert.Equal(PduKind.Goodbye, _filter.Look(Pdu.Goodbye));
    }

    [Fact]
    public void What_is_logged_of_a_refused_name_is_short_and_plain()
    {
        _filter.Look(Pdu.Associate());
        _filter.Look(Pdu.Message(manifest: "K\r\nERROR: all is lost" + new string('x', 1000)));

        Assert.DoesNotContain('\n', _filter.Why);
        Assert.True(_filter.Why.Length < 200);
    }

    private static PduFilter NewFilter() => new(new(
        VirtualAddress.Of("broker", "door"), VirtualAddress.Client, SaidSerializer.Format, new ReachablePaths(["/user/door"])));

    private static byte[] Inner() => Pdu.Envelope(Pdu.Door, null, Pdu.NoSequence, Pdu.Varint(2, SaidSerializer.Id), Pdu.Text(3, "said"));

    /// <summary>A good message with one more part in its envelope.</summary>
    private static byte[] Twice(byte[] more) => Pdu.Payload(Pdu.Bytes(2,
        Pdu.Bytes(1, Pdu.Text(1, Pdu.Door)), Pdu.Bytes(2, Pdu.Varint(2, SaidSerializer.Id), Pdu.Text(3, "said")), Pdu.Fixed(5, Pdu.NoSequence), more));
}
