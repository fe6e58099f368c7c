using Broker.PgWire.Authentication;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using FsCheck.Xunit;
using Xunit;

namespace Broker.PgWire.Tests.Logins;

/// <summary>A client's login and a server's, told to each other.</summary>
public sealed class LoginTests
{
    private static readonly byte[] Salt = [.. Enumerable.Range(1, 16).Select(static i => (byte)i)];
    private static readonly byte[] Binding = [.. Enumerable.Range(1, 32).Select(static i => (byte)i)];
    private static readonly KeptPassword Clear = new("app", "secret");
    private static readonly KeptPassword Md5 = new("app", Md5Password.Keep("app", "secret"));
    private static readonly KeptPassword Verifier = new("app", ScramVerifier.Of("secret", Salt, 16).Format());

    private static readonly string[] Known = ["trust", "clear/clear", "clear/md5", "clear/scram", "md5/clear", "md5/md5", "scram/clear",
        "scram/scram", "scram-plus/scram"];

    public static TheoryData<string> Proofs => [.. Known];

    [Theory]
    [MemberData(nameof(Proofs))]
    public void A_client_with_the_password_is_let_in_by_each_method_and_form(string proof)
    {
        var client = new ClientLogin(Proof(proof));
        var server = Server(Credential.OfPassword("secret"), proof);

        Assert.Null(Talk(client, server));
        Assert.True(client.IsProven && server.IsReady);
        Assert.Equal("UTF8", server.Settings[WireText.Of("client_encoding")].ToString());
        Assert.Equal(7, server.Key!.ProcessId);
    }

    [Theory]
    [MemberData(nameof(Proofs))]
    public void A_client_with_another_password_is_refused(string proof)
    {
        var client = new ClientLogin(Proof(proof));
        if (proof == "trust")
            return;

        Assert.NotNull(Talk(client, Server(Credential.OfPassword("Secret"), proof)));
        Assert.False(client.IsProven);
        Assert.Null(client.Shown);
    }

    [Theory]
    [InlineData("clear/scram")]
    [InlineData("md5/md5")]
    [InlineData("scram/scram")]
    public void What_a_client_has_shown_logs_in_onward_by_the_same_method(string proof)
    {
        var client = new ClientLogin(Proof(proof));
        Talk(client, Server(Credential.OfPassword("secret"), proof));
        var onward = new ClientLogin(Proof(proof));

        Assert.Null(Talk(onward, Server(client.Shown!, proof)));
        Assert.True(onward.IsProven);
    }

    [Fact]
    public void A_server_that_asks_for_more_than_there_is_is_named_with_its_method()
    {
        var server = new ServerLogin(Startup, Credential.None);
        server.Next(AuthenticationCleartextPassword.Instance, out var failed);

        Assert.Contains("CleartextPassword", failed!.Text, StringComparison.Ordinal);
        new ServerLogin(Startup, Credential.OfMd5(Md5Password.Keep("app", "secret")))
            .Next(new AuthenticationSASL([WireText.Of("SCRAM-SHA-256")]), out failed);
        Assert.Contains("another method", failed!.Text, StringComparison.Ordinal);
        new ServerLogin(Startup, Credential.OfPassword("x")).Next(AuthenticationGSS.Instance, out failed);
        Assert.Contains("GSS", failed!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_leaves_out_its_own_proof_is_not_believed()
    {
        var server = new ServerLogin(Startup, Credential.OfPassword("secret"));
        server.Next(new AuthenticationSASL([WireText.Of("SCRAM-SHA-256")]), out _);
        server.Next(AuthenticationOk.Instance, out var failed);

        Assert.NotNull(failed);
    }

    [Theory]
    [InlineData(0, "3.0")]
    [InlineData(1, "3.1")]
    [InlineData(196608, "3.0")]
    public void An_older_server_is_spoken_to_in_its_version(int told, string version)
    {
        var server = new ServerLogin(Startup with { Version = ProtocolVersion.V32 }, Credential.None);
        server.Next(new NegotiateProtocolVersion(told, [WireText.Of("_pq_.x")]), out var failed);

        Assert.Null(failed);
        Assert.Equal((version, "_pq_.x"), (server.Version.ToString(), Assert.Single(server.UnknownOptions).ToString()));
    }

    [Fact]
    public void A_server_that_offers_more_than_was_asked_for_is_refused()
    {
        new ServerLogin(Startup, Credential.None).Next(new NegotiateProtocolVersion(2, []), out var failed);

        Assert.NotNull(failed);
    }

    [Fact]
    public void A_server_without_a_key_is_ready_all_the_same()
    {
        var server = new ServerLogin(Startup, Credential.None);
        server.Next(AuthenticationOk.Instance, out _);
        server.Next(new ReadyForQuery(TransactionStatus.Idle), out _);

        Assert.True(server.IsReady);
        Assert.Null(server.Key);
    }

    [Fact]
    public void What_the_server_says_against_us_is_kept_word_for_word()
    {
        var report = new ErrorResponse([new((byte)'C', WireText.Of("28000")), new((byte)'M', WireText.Of("no pg_hba.conf entry"))]);
        new ServerLogin(Startup, Credential.None).Next(report, out var failed);

        Assert.Same(report, failed!.Report);
        Assert.Contains("no pg_hba.conf entry", failed.Text, StringComparison.Ordinal);
        Assert.Equal("28000", report.SqlState);
    }

    [Property(MaxTest = 500)]
    public void Whatever_comes_is_refused_or_heard_and_never_an_exception(int seed)
    {
        var any = new Messages.AnyMessage(seed);
        var server = new ServerLogin(Startup, Credential.OfPassword("secret"), any.Next(2) == 0 ? Binding : null);
        var client = new ClientLogin(Proof(Known[any.Next(Known.Length)]));
        client.First();
        for (var step = 0; step < 20; step++)
        {
            server.Next(any.NextBackend(), out _);
            client.Next(any.NextFrontend().Message, out _);
        }
    }

    [Fact]
    public void Nothing_that_is_secret_prints() =>
        Assert.Equal("Credential ClientProof KeptPassword PasswordMessage",
            $"{Credential.OfPassword("secret")} {Proof("clear/clear")} {Clear} {new PasswordMessage(WireText.Of("secret"))}");

    [Fact]
    public void A_client_that_was_refused_gets_no_second_guess()
    {
        var login = new ClientLogin(ClientProof.Cleartext(Clear));
        login.First();
        login.Next(new PasswordMessage(WireText.Of("wrong")), out var refused);
        Assert.Equal(ProofRefusal.WrongPassword, refused!.Kind);
        Assert.Equal(AwaitedResponse.None, login.Awaited);

        Assert.Empty(login.Next(new PasswordMessage(WireText.Of("secret")), out refused));
        Assert.NotNull(refused);
        Assert.False(login.IsProven);
    }

    private static StartupMessage Startup => new(ProtocolVersion.V30, [new(WireText.Of("user"), WireText.Of("app"))]);

    private static ServerLogin Server(Credential credential, string proof) =>
        new(Startup, credential, proof.Contains("plus", StringComparison.Ordinal) ? Binding : null);

    private static ClientProof Proof(string proof)
    {
        var kept = proof[(proof.IndexOf('/', StringComparison.Ordinal) + 1)..] switch
        {
            "md5" => Md5,
            "scram" => Verifier,
            _ => Clear,
        };
        return proof.Split('/')[0] switch
        {
            "trust" => ClientProof.Trust,
            "clear" => ClientProof.Cleartext(kept),
            "md5" => ClientProof.Md5(kept.ForMd5()!),
            "scram" => ClientProof.Scram(kept.ForScram()!),
            _ => ClientProof.Scram(kept.ForScram()!, Binding),
        };
    }

    /// <summary>Carries the words of the one to the other until both are done or one refuses.</summary>
    private static string? Talk(ClientLogin client, ServerLogin server)
    {
        var toServer = new Queue<IBackendMessage>([client.First()]);
        while (true)
        {
            while (toServer.TryDequeue(out var word))
            {
                var response = server.Next(word, out var failed);
                if (failed is not null)
                    return failed.Text;
                if (response is null)
                    continue;
                var answers = client.Next(response, out var refused);
                if (refused is not null)
                    return refused.Text;
                foreach (var answer in answers)
                    toServer.Enqueue(answer);
            }
            if (server.IsReady || !client.IsProven)
                return server.IsReady ? null : "nobody says anything any more";
            toServer = new([new ParameterStatus(WireText.Of("client_encoding"), WireText.Of("UTF8")), new BackendKeyData(7, new byte[4]),
                new ReadyForQuery(TransactionStatus.Idle)]);
        }
    }
}
