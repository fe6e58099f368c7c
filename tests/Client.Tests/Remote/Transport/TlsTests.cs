using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Broker.Client.Remote;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Tests.Remote.Transport;

public sealed class TlsTests : Wires
{
    private static readonly X509Certificate2 Server = Certificates.SelfSigned("the broker");
    private static readonly X509Certificate2 Mine = Certificates.SelfSigned("a client");
    private static readonly X509Certificate2 Stranger = Certificates.SelfSigned("a stranger");

    public override Task InitializeAsync()
    {
        Open(With(TlsEnd.Pinned(Server, TlsEnd.Thumbprint(Mine))));
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Two_that_pinned_each_other_speak_and_the_directory_knows_the_certificate()
    {
        var (end, door, caller) = Connect(TlsEnd.Pinned(Mine, TlsEnd.Thumbprint(Server)), "client-7");
        var text = new string('x', 100_000);
        for (var time = 0; time < 30; time++)
        {
            door.Tell(new Said(text), caller.Ref);
        }

        for (var time = 0; time < 30; time++)
        {
            Assert.Equal(text, await caller.Next());
        }

        Assert.True(end.Established.IsCompletedSuccessfully);
        Assert.Equal(new Peer("client-7", Door.Peers.Find("client-7")!.EndPoint, "CN=a client", TlsEnd.Thumbprint(Mine)), Door.Peers.Find("client-7"));
    }

    [Fact]
    public async Task Both_are_told_of_a_client_certificate_that_is_not_pinned()
    {
        var told = await Fails(TlsEnd.Pinned(Stranger, TlsEnd.Thumbprint(Server)));

        Assert.Contains("may not accept this client's certificate, CN=a stranger", told, StringComparison.Ordinal);
        Assert.Contains(TlsEnd.Thumbprint(Stranger), await Warnings.Next("CN=a stranger"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_are_told_of_a_broker_certificate_that_is_not_pinned()
    {
        var told = await Fails(TlsEnd.Pinned(Mine, TlsEnd.Thumbprint(Stranger)));

        Assert.Contains($"the broker is not trusted: the certificate CN=the broker with the thumbprint {TlsEnd.Thumbprint(Server)} is not pinned", told, StringComparison.Ordinal);
        await Warnings.Next("closed the connection");
    }

    [Fact]
    public async Task A_client_that_shows_no_certificate_is_not_let_in()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(Door.BoundTo!);
        await using var stream = new SslStream(socket.GetStream(), false, static (_, shown, _, _) => shown is not null);

        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            await stream.AuthenticateAsClientAsync("broker");
            await stream.WriteAsync("Broker/1"u8.ToArray());
            Assert.Equal(0, await stream.ReadAsync(new byte[5]));
            throw new IOException("closed");
        });
        await Warnings.Next("no certificate was shown");
    }

    [Fact]
    public async Task Both_are_told_when_only_the_broker_has_TLS()
    {
        Assert.Contains("it may expect TLS", await Fails(null), StringComparison.Ordinal);
        await Warnings.Next("TLS failed");
    }

    [Fact]
    public async Task Both_are_told_when_only_the_client_has_TLS()
    {
        Open(With(null));

        Assert.Contains("does the broker expect TLS there?", await Fails(TlsEnd.Pinned(Mine, TlsEnd.Thumbprint(Server))), StringComparison.Ordinal);
        await Warnings.Next("it speaks TLS, which is not set here");
    }

    [Fact]
    public async Task Who_has_a_certificate_of_the_authority_for_the_purpose_is_accepted()
    {
        using var authority = Certificates.Authority("our authority");
        Open(With(TlsEnd.IssuedBy(Certificates.IssuedBy(authority, "the broker", TlsEnd.AsServer), authority)));

        var (_, door, caller) = Connect(TlsEnd.IssuedBy(Certificates.IssuedBy(authority, "a client", TlsEnd.AsClient), authority));
        door.Tell(new Said("issued"), caller.Ref);
        Assert.Equal("issued", await caller.Next());

        Assert.Contains("may not accept", await Fails(TlsEnd.IssuedBy(Stranger, authority)), StringComparison.Ordinal);
        await Warnings.Next("was not issued by CN=our authority");
    }

    [Fact]
    public async Task A_client_of_the_authority_cannot_pass_for_the_broker()
    {
        using var authority = Certificates.Authority("our authority");
        var client = Certificates.IssuedBy(authority, "a client", TlsEnd.AsClient);
        Open(With(TlsEnd.IssuedBy(client, authority)));

        Assert.Contains("the broker is not trusted", await Fails(TlsEnd.IssuedBy(client, authority)), StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_listens_to_the_network_without_TLS()
    {
        Assert.Throws<ArgumentException>(() => new ListeningEnd(new(IPAddress.Any, 0), null, SaidSerializer.Format, "/user/door"));
        Assert.Throws<ArgumentException>(() => new ListeningEnd(new(IPAddress.Parse("192.0.2.1"), 0), null, SaidSerializer.Format, "/user/door"));
        Assert.NotNull(new ListeningEnd(new(IPAddress.IPv6Loopback, 0), null, SaidSerializer.Format, "/user/door"));
        Assert.NotNull(new ListeningEnd(new(IPAddress.Any, 0), TlsEnd.Pinned(Server), SaidSerializer.Format, "/user/door"));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Every_address_is_those_of_both_families_and_each_peer_is_known_by_its_own(string address)
    {
        Open(new(new(IPAddress.IPv6Any, 0), TlsEnd.Pinned(Server, TlsEnd.Thumbprint(Mine)), SaidSerializer.Format, "/user/door"));
        var end = new ConnectingEnd(
            [new IPEndPoint(IPAddress.Parse(address), Door.BoundTo!.Port)], TlsEnd.Pinned(Mine, TlsEnd.Thumbprint(Server)), SaidSerializer.Format);
        var system = Connect(end, "client-7");
        var caller = new Caller(system);

        RemoteSystems.Resolve(system, "/user/door").Tell(new Said("hello"), caller.Ref);

        Assert.Equal("hello", await caller.Next());
        Assert.Equal(IPAddress.Parse(address), Door.Peers.Find("client-7")!.EndPoint.Address);
    }

    [Fact]
    public void A_thumbprint_is_of_SHA_256_in_any_usual_form()
    {
        var thumbprint = TlsEnd.Thumbprint(Mine);
        var usual = string.Join(':', thumbprint.ToLowerInvariant().Chunk(2).Select(static pair => new string(pair)));

        Assert.Null(TlsEnd.Pinned(Server, usual).WhyNot(Mine, TlsEnd.AsClient));
        Assert.NotNull(TlsEnd.Pinned(Server, usual).WhyNot(Stranger, TlsEnd.AsClient));
        Assert.Throws<ArgumentException>(() => TlsEnd.Pinned(Server, thumbprint[2..]));
        Assert.Throws<ArgumentException>(() => TlsEnd.Pinned(Server, Mine.GetCertHashString()));
    }

    [Fact]
    public void A_certificate_without_its_key_is_refused()
    {
        using var certificate = X509CertificateLoader.LoadCertificate(Mine.RawData);
        Assert.Throws<ArgumentException>(() => TlsEnd.Pinned(certificate, TlsEnd.Thumbprint(Server)));
    }

    private static ListeningEnd With(TlsEnd? tls) => new(new(IPAddress.Loopback, 0), tls, SaidSerializer.Format, "/user/door");

    private async Task<string> Fails(TlsEnd? tls)
    {
        var (end, door, caller) = Connect(tls);
        door.Tell(new Said("let me in"), caller.Ref);
        var told = (await Assert.ThrowsAsync<RemoteConnectException>(() => end.Established.WaitAsync(Patience))).Message;
        Assert.Equal(told, await end.Ended);
        return told;
    }
}
