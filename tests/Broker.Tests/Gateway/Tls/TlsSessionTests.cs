using System.Buffers.Binary;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Akka.TestKit.Xunit2;
using Broker.Gateway.Tls;
using Broker.Tests.Platforms;
using Xunit;

namespace Broker.Tests.Gateway.Tls;

/// <summary>Two ends in memory, with bytes between them cut wherever a test likes.</summary>
public sealed class TlsSessionTests() : TestKit(Patience.Hocon)
{
    private static readonly SslApplicationProtocol Postgres = new("postgresql");

    private readonly X509Certificate2 _certificate = TestCertificate.Make();

    protected override void AfterAll()
    {
        _certificate.Dispose();
        base.AfterAll();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Both_ends_understand_each_other_however_the_bytes_are_cut(int piece)
    {
        var (server, client) = Secured(piece);
        Assert.Equal(Postgres, server.Application);
        var long1 = RandomNumberGenerator.GetBytes(100_000);

        client.Write("hello"u8);
        Carry(client, server, piece);
        Assert.Equal("hello", Encoding.ASCII.GetString(ReadAll(server)));
        server.Write(long1);
        Carry(server, client, piece);
        Assert.Equal(long1, ReadAll(client));
        server.Dispose();
        client.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8 * 1024)]
    [InlineData(8 * 1024 + 1)]
    [InlineData(100_000)]
    public void No_record_is_longer_than_a_reader_that_waits_for_its_socket_has_room_for(int length)
    {
        var (server, client) = Secured(100_000);
        server.Write(RandomNumberGenerator.GetBytes(length));

        var records = 0;
        for (var rest = server.Outgoing.Span; rest.Length > 0; rest = rest[(5 + BinaryPrimitives.ReadUInt16BigEndian(rest[3..]))..])
        {
            // the tag of the cipher and the type of the content come to what was written
            Assert.InRange(BinaryPrimitives.ReadUInt16BigEndian(rest[3..]), 1, (8 * 1024) + 32);
            records++;
        }
        Assert.Equal((length + (8 * 1024) - 1) / (8 * 1024), records);
        server.Dispose();
        client.Dispose();
    }

    [Fact]
    public void Nothing_is_read_before_a_record_is_whole()
    {
        var (server, client) = Secured(100_000);
        client.Write("hello"u8);
        var record = client.Outgoing.ToArray();
        client.Sent();
        foreach (var one in record.SkipLast(1))
        {
            server.Feed([one]);
            Assert.Equal(0, server.Read(new byte[10]));
        }
        server.Feed(record.AsSpan(record.Length - 1));

        Assert.Equal(5, server.Read(new byte[10]));
        Assert.Equal(0, server.Read(new byte[10]));
    }

    [Fact]
    public void A_small_reader_gets_a_record_in_pieces()
    {
        var (server, client) = Secured(100_000);
        client.Write("hello"u8);
        Carry(client, server, 100_000);
        var buffer = new byte[2];

        Assert.Equal([2, 2, 1, 0], Enumerable.Range(0, 4).Select(_ => server.Read(buffer)));
    }

    [Fact]
    public void A_goodbye_and_an_end_without_one_are_both_the_end()
    {
        var (server, client) = Secured(100_000);
        client.Write("last"u8);
        client.Close();
        Carry(client, server, 100_000);
        Assert.Equal(4, server.Read(new byte[10]));
        Assert.Equal(-1, server.Read(new byte[10]));
        Assert.Equal(-1, server.Read(new byte[10]));

        var (cut, _) = Secured(100_000);
        cut.End();
        Assert.Equal(-1, cut.Read(new byte[10]));
    }

    [Fact]
    public void What_is_no_TLS_is_the_end_and_not_an_exception()
    {
        var (server, _) = Secured(100_000);
        server.Feed("select 1; this is no record of TLS at all"u8);

        Assert.Equal(-1, server.Read(new byte[10]));
        Assert.Equal(-1, server.Read(new byte[10]));
    }

    [Fact]
    public void A_handshake_with_garbage_or_without_a_word_fails_and_says_why()
    {
        using var garbage = new TlsSession();
        garbage.BeginAsServer(Options(), TestActor);
        ExpectMsg<TlsSession.HandshakeWaits>();
        garbage.Feed("GET / HTTP/1.1\r\n\r\n"u8);
        Assert.NotEmpty(ExpectMsg<TlsSession.HandshakeFailed>().Cause);

        using var silent = new TlsSession();
        silent.BeginAsServer(Options(), TestActor);
        ExpectMsg<TlsSession.HandshakeWaits>();
        silent.End();
        ExpectMsg<TlsSession.HandshakeFailed>();
    }

    [Fact]
    public void What_was_written_can_be_read_as_soon_as_it_is_fed_again_and_again()
    {
        var (server, client) = Secured(100_000);
        for (var i = 0; i < 200; i++)
        {
            client.Write("hello"u8);
            Carry(client, server, 100_000);
            Assert.Equal(5, server.Read(new byte[10]));
            Assert.Equal(0, server.Read(new byte[10]));
        }
    }

    private (TlsSession Server, TlsSession Client) Secured(int piece)
    {
        var (server, client) = (new TlsSession(), new TlsSession());
        server.BeginAsServer(Options(), TestActor);
        client.BeginAsClient(
            new() { TargetHost = "localhost", ApplicationProtocols = [Postgres], RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown!.Equals(_certificate) }, TestActor);
        var (waiting, done) = (new HashSet<TlsSession>(), new HashSet<TlsSession>());
        while (done.Count < 2)
        {
            switch (ExpectMsg<object>(TimeSpan.FromSeconds(30)))
            {
                case TlsSession.HandshakeWaits waits:
                    waiting.Add(waits.Session);
                    break;
                case TlsSession.HandshakeDone ended:
                    done.Add(ended.Session);
                    break;
                case TlsSession.HandshakeFailed failed:
                    Assert.Fail(failed.Cause);
                    break;
            }
            // whoever waits is fed with what the other has for it, once that does not write any more
            foreach (var (from, to) in new[] { (server, client), (client, server) })
            {
                if (waiting.Contains(to) && (waiting.Contains(from) || done.Contains(from)) && !from.Outgoing.IsEmpty)
                {
                    waiting.Remove(to);
                    Feed(from, to, done.Contains(to) ? piece : int.MaxValue);
                    break;
                }
                if (done.Contains(to) && done.Contains(from))
                {
                    Feed(from, to, piece);
                }
            }
        }
        Carry(server, client, piece);
        Carry(client, server, piece);
        return (server, client);
    }

    private SslServerAuthenticationOptions Options() => new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(_certificate, null, offline: true),
        ApplicationProtocols = [Postgres],
    };

    private static void Carry(TlsSession from, TlsSession to, int piece) => Feed(from, to, piece);

    private static void Feed(TlsSession from, TlsSession to, int piece)
    {
        var bytes = from.Outgoing.ToArray();
        from.Sent();
        for (var at = 0; at < bytes.Length; at += Math.Min(piece, bytes.Length - at))
        {
            to.Feed(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)));
        }
    }

    private static byte[] ReadAll(TlsSession session)
    {
        var (all, buffer) = (new List<byte>(), new byte[1_000]);
        while (session.Read(buffer) is var count && count > 0)
        {
            all.AddRange(buffer.AsSpan(0, count));
        }
        return [.. all];
    }
}
