using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Gateway.Links;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Tests.Gateway.Tls;
using Xunit;

namespace Broker.Tests.Gateway.Links;

/// <summary>Links of a server that can TLS.</summary>
public sealed class LinkTlsTests : IClassFixture<LinkTlsTests.Started>
{
    private const string IsEncrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

    private readonly TlsServer _server;

    public LinkTlsTests(Started started) => _server = started.Server;

    /// <summary>One server for all.</summary>
    public sealed class Started : IAsyncLifetime
    {
        internal TlsServer Server { get; private set; } = null!;

        public async Task InitializeAsync() => Server = await TlsServer.StartAsync();

        public async Task DisposeAsync() => await Server.DisposeAsync();
    }

    [Theory]
    [InlineData("disable", "anyhow", "f")]
    [InlineData("allow", "anyhow", "f")]
    [InlineData("allow", "over_tls", "t")]
    [InlineData("prefer", "anyhow", "t")]
    [InlineData("prefer", "in_clear", "f")]
    [InlineData("require", "anyhow", "t")]
    public async Task Each_mode_encrypts_what_it_says(string mode, string user, string encrypted)
    {
        foreach (var portable in new[] { false, true })
        {
            await using var stage = Stage(portable, user, $"tls = {mode}");
            Assert.Equal(encrypted, await stage.QueryAsync(await stage.OpenAsync(), IsEncrypted));
        }
    }

    [Theory]
    [InlineData("disable", "over_tls")]
    [InlineData("require", "in_clear")]
    public async Task What_the_server_has_no_rule_for_is_refused(string mode, string user)
    {
        await using var stage = Stage(false, user, $"tls = {mode}");
        Assert.Equal("28000", Assert.IsType<LoginRefused>(await stage.FailAsync()).ServerSqlState);
    }

    [Theory]
    [InlineData("verify-ca", "127.0.0.1", true)]
    [InlineData("verify-ca", "localhost", true)]
    [InlineData("verify-full", "localhost", true)]
    [InlineData("verify-full", "127.0.0.1", false)]
    public async Task A_certificate_is_verified_as_the_mode_says(string mode, string host, bool opens)
    {
        await using var stage = Stage(false, "anyhow", $"tls = {mode}, root-certificate = \"{_server.Authority}\"", host);
        if (opens)
        {
            Assert.Equal("t", await stage.QueryAsync(await stage.OpenAsync(), IsEncrypted));
            return;
        }
        Assert.Contains("RemoteCertificateNameMismatch", Assert.IsType<ServerUnavailable>(await stage.FailAsync()).Cause,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("verify-ca")]
    [InlineData("verify-full")]
    public async Task A_certificate_of_somebody_else_is_not_believed(string mode)
    {
        foreach (var root in new[] { "", $"root-certificate = \"{_server.Stranger}\"" })
        {
            await using var stage = Stage(false, "anyhow", $"tls = {mode}\n{root}", "localhost");
            Assert.StartsWith("TLS failed: ", Assert.IsType<ServerUnavailable>(await stage.FailAsync()).Cause, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_certificate_of_our_own_lets_a_link_in(bool portable)
    {
        await using var stage = Stage(portable, "by_cert",
            $"tls = require, client-certificate = \"{_server.Client}\", client-key = \"{_server.ClientKey}\"");
        Assert.Equal("by_cert", await stage.QueryAsync(await stage.OpenAsync(), "select current_user"));

        await using var without = Stage(portable, "by_cert", "tls = require");
        Assert.IsType<LoginRefused>(await without.FailAsync());
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_read_is_a_failure()
    {
        await using var stage = Stage(false, "by_cert",
            $"tls = require, client-certificate = \"{_server.ClientKey}\", client-key = \"{_server.Client}\"");
        Assert.IsType<ServerUnavailable>(await stage.FailAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_password_is_proven_for_this_connection_only_so_that_one_who_sits_between_gains_nothing_by_it(bool portable)
    {
        await using var stage = Stage(portable, "by_scram", "tls = require", password: "secret");
        await stage.OpenAsync();

        using var certificate = TestCertificate.Make();
        await using var between = new FakeServer(async stream => await SitBetweenAsync(stream, certificate));
        await using var wrong = LinkStage.Of(
            portable, $"host = \"127.0.0.1\", port = {between.Port}, tls = require",
                "database = postgres, user = by_scram, password = secret");
        Assert.Contains("channel binding", Assert.IsType<LoginRefused>(await wrong.FailAsync()).Cause, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_encrypted_link_is_cancelled_and_cleaned_and_closed_as_others_are(bool portable)
    {
        await using var stage = Stage(portable, "over_tls", "tls = require");
        var link = await stage.OpenAsync();
        await stage.SendAsync(link, new Query(WireText.Of("select pg_sleep(600)")));
        await LinkStage.RunsAsync(_server.Server.SocketConnectionString(), link);
        link.Actor.Tell(LinkCommands.Cancel.Instance, ActorRefs.NoSender);
        Assert.Equal("57014", (await stage.ReadAsync(link, static use => use.IsAtRest)).OfType<ErrorResponse>().Single().SqlState);

        await stage.SendAsync(link, new Query(WireText.Of("copy (select repeat('x', 1000) from generate_series(1, 100000000)) to stdout")));
        link.Actor.Tell(new LinkCommands.Clean(Discard: true), ActorRefs.NoSender);
        await stage.HearAsync<LinkEvents.Cleaned>();
        Assert.Equal("t", await stage.QueryAsync(link, IsEncrypted));

        link.Actor.Tell(new LinkCommands.Close(CloseReason.Recycled), ActorRefs.NoSender);
        Assert.True((await stage.HearAsync<LinkEvents.Closed>()).Clean);
        Assert.True(await LinkStage.IsGoneAsync(_server.Server.SocketConnectionString(), link));
    }

    [Theory]
    [InlineData("S{nothing a server would say}", "TLS failed: ")]
    [InlineData("E", "answers neither yes nor no")]
    [InlineData("N", "it does not offer TLS (broker.servers.main.tls)")]
    [InlineData("", "it closed the connection when it was asked for TLS")]
    public async Task An_answer_to_the_request_for_TLS_that_is_none_is_a_failure(string answer, string cause)
    {
        await using var server = new FakeServer(async stream =>
        {
            await stream.ReadExactlyAsync(new byte[8]);
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(answer));
            if (answer.Length > 0)
            {
                await stream.CopyToAsync(Stream.Null);
            }
        });
        foreach (var portable in new[] { false, true })
        {
            await using var stage = LinkStage.Of(portable, $"host = \"127.0.0.1\", port = {server.Port}, tls = require", "user = somebody");
            Assert.Contains(cause, Assert.IsType<ServerUnavailable>(await stage.FailAsync()).Cause, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_that_does_not_offer_TLS_is_spoken_to_in_clear_where_it_is_only_preferred()
    {
        await using var clear = await Postgres.LocalPostgres.StartAsync(Postgres.LocalPostgresOptions.Throwaway);
        await using var stage = LinkStage.For(false, clear.ConnectionString(), "tls = prefer");
        Assert.Equal("f", await stage.QueryAsync(await stage.OpenAsync(), IsEncrypted));
    }

    private async Task SitBetweenAsync(NetworkStream link, X509Certificate2 certificate)
    {
        await link.ReadExactlyAsync(new byte[8]);
        await link.WriteAsync("S"u8.ToArray());
        await using var front = new SslStream(link);
        await front.AuthenticateAsServerAsync(certificate);

        using var server = new TcpClient("127.0.0.1", _server.Port);
        await server.GetStream().WriteAsync(new byte[] { 0, 0, 0, 8, 4, 210, 22, 47 });
        await server.GetStream().ReadExactlyAsync(new byte[1]);
        await using var back = new SslStream(server.GetStream(), false, (_, shown, _, _) => shown is not null);
        await back.AuthenticateAsClientAsync("localhost");
        await await Task.WhenAny(front.CopyToAsync(back), back.CopyToAsync(front));
    }

    private LinkStage Stage(bool portable, string user, string server, string host = "127.0.0.1", string password = "") => LinkStage.Of(
        portable, $"host = \"{host}\", port = {_server.Port}\n{server}",
            $"database = postgres, user = {user}\n{(password.Length > 0 ? $"password = {password}" : "")}");
}
