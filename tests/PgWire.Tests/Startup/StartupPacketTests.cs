using System.Buffers;
using System.Buffers.Binary;
using Broker.PgWire.Framing;
using Broker.PgWire.Startup;
using Broker.PgWire.Tests.Framing;
using Broker.PgWire.Tests.Messages;
using Broker.PgWire.Values;
using FsCheck.Xunit;
using Xunit;

namespace Broker.PgWire.Tests.Startup;

public sealed class StartupPacketTests
{
    [Property(MaxTest = 300)]
    public void What_is_written_is_read_as_it_was_wherever_it_is_split(int seed)
    {
        var any = new AnyMessage(seed);
        IStartupPacket[] sent =
        [
            SSLRequest.Instance,
            GSSENCRequest.Instance,
            new CancelRequest(any.Next(99_999), any.Bytes(4 + any.Next(253))),
            new StartupMessage(new(3, (short)any.Next(5)),
                [.. Enumerable.Range(0, any.Next(5)).Select(_ => new StartupParameter(WireText.Of("p" + any.Next(9)), any.Text()))]),
        ];
        foreach (var packet in sent)
        {
            var bytes = Encoded.Of(packet);
            var cut = any.Next(bytes.Length);
            var early = new ReadOnlySequence<byte>(bytes, 0, cut);
            Assert.False(StartupFrames.TryRead(ref early, out _, out var waiting));
            Assert.Null(waiting);
            var buffer = Split.Of(bytes.AsMemory(0, cut), bytes.AsMemory(cut), "rest"u8.ToArray());

            Assert.True(StartupFrames.TryRead(ref buffer, out var body, out _));
            var read = StartupPackets.Read(body, out var error);

            Assert.Null(error);
            Assert.IsType(packet.GetType(), read);
            Assert.Equal(bytes, Encoded.Of(read!));
            Assert.Equal("rest"u8.ToArray(), buffer.ToArray());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(-5)]
    [InlineData(StartupPackets.Longest + sizeof(int) + 1)]
    [InlineData(int.MaxValue)]
    public void A_length_that_cannot_be_is_refused_before_the_rest_has_come(int length)
    {
        var header = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(header, length);
        var buffer = new ReadOnlySequence<byte>(header);

        Assert.False(StartupFrames.TryRead(ref buffer, out _, out var error));

        Assert.Equal(WireErrorKind.BadLength, error!.Kind);
    }

    [Fact]
    public void A_request_of_an_old_web_browser_is_no_startup_packet()
    {
        var buffer = new ReadOnlySequence<byte>("GET / HTTP/1.1\r\n\r\n"u8.ToArray());

        Assert.False(StartupFrames.TryRead(ref buffer, out _, out var error));

        Assert.NotNull(error);
    }

    [Fact]
    public void Protocol_2_is_refused_and_a_newer_minor_version_is_read()
    {
        Assert.Null(StartupPackets.Read(Encoded.Of(new StartupMessage(new(2, 0), [])).AsMemory(4), out var error));
        Assert.Contains("2.0", error!.Text, StringComparison.Ordinal);
        Assert.Null(StartupPackets.Read(new byte[] { 0, 2, 0, 0, (byte)'a' }, out error));
        Assert.Contains("2.0", error!.Text, StringComparison.Ordinal);

        var newer = Assert.IsType<StartupMessage>(StartupPackets.Read(Encoded.Of(new StartupMessage(new(3, 9), [])).AsMemory(4), out _));
        Assert.True(newer.Version > ProtocolVersion.V32);
    }

    [Fact]
    public void The_last_of_several_values_counts_and_names_are_exact()
    {
        var message = new StartupMessage(ProtocolVersion.V30,
            [new(WireText.Of("user"), WireText.Of("a")), new(WireText.Of("user"), WireText.Of("b")),
                new(WireText.Of("User"), WireText.Of("c"))]);

        Assert.Equal("b", message["user"u8].ToString());
        Assert.Null(message["database"u8]);
    }

    [Property(MaxTest = 2_000)]
    public void Garbage_is_an_error_or_a_packet_and_never_an_exception(byte[] garbage)
    {
        byte[][] bodies = [garbage, [0, 3, 0, 0, .. garbage], [4, 210, 22, 46, .. garbage]];
        foreach (var body in bodies)
            Assert.True(StartupPackets.Read(body, out var error) is null ^ error is null);
    }

    [Fact]
    public void A_secret_key_does_not_print()
    {
        byte[] key = [77, 78, 79, 80];

        Assert.Equal("CancelRequest of 5", new CancelRequest(5, key).ToString());
        Assert.Equal("BackendKeyData of 5", new Broker.PgWire.Messages.Backend.BackendKeyData(5, key).ToString());
    }
}
