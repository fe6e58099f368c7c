using System.Net;
using Broker.Configuration;
using Broker.Gateway.Access;
using Broker.PgWire.Authentication;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using Xunit;

namespace Broker.Tests.Gateway.Access;

public sealed class AccessDecisionTests
{
    private const string Password = "secret";

    private static readonly byte[] Secret = [1, 2, 3];
    private static readonly LoginAttempt Attempt = new("app", "shop", IPAddress.Loopback);
    private static readonly Likenesses Verifiers = new([], Secret);

    [Fact]
    public void A_client_that_no_rule_is_for_is_refused_with_what_it_asked_for()
    {
        var refused = Assert.IsType<AccessDecision.Refused>(AccessDecision.Of(null, Attempt, Kept("clear"), Verifiers));
        Assert.Equal(
            "no access rule (broker.gateway.auth, .hba, .hba-file) is for "
            + "host \"127.0.0.1\", user \"app\", database \"shop\", no encryption",
            refused.Text);
        Assert.Equal("28000", AccessDecision.Refused.SqlState);
    }

    [Fact]
    public void A_rejected_client_is_told_so_and_the_log_by_which_rule()
    {
        var refused = Assert.IsType<AccessDecision.Refused>(Decide(AccessMethod.Reject, Kept("clear")));
        Assert.DoesNotContain("line", refused.Text, StringComparison.Ordinal);
        Assert.Contains("line 7", refused.Note, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("clear")]
    public void Trust_asks_nobody(string? form) =>
        Assert.Same(ClientProof.Trust, Asked(AccessMethod.Trust, form is null ? null : Kept(form)).Proof);

    [Theory]
    [InlineData(AccessMethod.Password, "clear", typeof(AuthenticationCleartextPassword))]
    [InlineData(AccessMethod.Password, "md5", typeof(AuthenticationCleartextPassword))]
    [InlineData(AccessMethod.Password, "scram", typeof(AuthenticationCleartextPassword))]
    [InlineData(AccessMethod.Md5, "clear", typeof(AuthenticationMD5Password))]
    [InlineData(AccessMethod.Md5, "md5", typeof(AuthenticationMD5Password))]
    [InlineData(AccessMethod.Md5, "scram", typeof(AuthenticationSASL))]
    [InlineData(AccessMethod.ScramSha256, "clear", typeof(AuthenticationSASL))]
    [InlineData(AccessMethod.ScramSha256, "scram", typeof(AuthenticationSASL))]
    public void A_known_user_is_let_in_with_its_password_and_with_no_other(AccessMethod method, string form, Type asked)
    {
        var decision = Asked(method, Kept(form));
        Assert.Null(decision.Note);
        Assert.IsType(asked, new ClientLogin(decision.Proof).First());
        Assert.True(LetsIn(decision, Password));
        Assert.False(LetsIn(decision, "other"));
    }

    [Fact]
    public void A_password_kept_by_md5_serves_no_scram_which_the_log_is_told_and_not_the_client()
    {
        var decision = Asked(AccessMethod.ScramSha256, Kept("md5"));
        Assert.Contains("kept by MD5", decision.Note, StringComparison.Ordinal);
        Assert.Contains("line 7", decision.Note, StringComparison.Ordinal);
        Assert.IsType<AuthenticationSASL>(new ClientLogin(decision.Proof).First());
        Assert.False(LetsIn(decision, Password));
    }

    [Theory]
    [InlineData(AccessMethod.Password, "clear")]
    [InlineData(AccessMethod.Password, "md5")]
    [InlineData(AccessMethod.Password, "scram")]
    [InlineData(AccessMethod.Md5, "clear")]
    [InlineData(AccessMethod.Md5, "md5")]
    [InlineData(AccessMethod.Md5, "scram")]
    [InlineData(AccessMethod.ScramSha256, "clear")]
    [InlineData(AccessMethod.ScramSha256, "md5")]
    [InlineData(AccessMethod.ScramSha256, "scram")]
    public void An_unknown_user_is_asked_the_same_as_a_known_one_and_nothing_is_right(AccessMethod method, string form)
    {
        var likenesses = new Likenesses([Kept(form)], Secret);
        var known = Assert.IsType<AccessDecision.Asked>(AccessDecision.Of(Rule(method), Attempt, Kept(form), likenesses));
        var unknown = Assert.IsType<AccessDecision.Asked>(AccessDecision.Of(Rule(method), Attempt, null, likenesses));
        Assert.Contains("no such user", unknown.Note, StringComparison.Ordinal);
        Assert.IsType(new ClientLogin(known.Proof).First().GetType(), new ClientLogin(unknown.Proof).First());
        Assert.False(LetsIn(unknown, Password));
        Assert.False(LetsIn(unknown, ""));
    }

    [Fact]
    public void An_unknown_user_has_one_salt_and_the_iterations_of_the_known()
    {
        var likenesses = new Likenesses([Kept("scram")], Secret);
        var verifier = likenesses.Of("nobody").Verifier!;
        Assert.Equal(16, verifier.Iterations);
        Assert.Equal<IEnumerable<byte>>(verifier.Salt, likenesses.Of("nobody").Verifier!.Salt);
        Assert.NotEqual<IEnumerable<byte>>(verifier.Salt, likenesses.Of("somebody").Verifier!.Salt);
        Assert.NotEqual<IEnumerable<byte>>(verifier.Salt, new Likenesses([Kept("scram")], [4]).Of("nobody").Verifier!.Salt);
        Assert.Equal(4096, Verifiers.Of("nobody").Verifier!.Iterations);
    }

    [Fact]
    public void Unknown_users_are_like_all_the_known_ones_and_each_always_like_the_same()
    {
        var likenesses = new Likenesses([Kept("clear"), Kept("md5"), Kept("scram")], Secret);
        string Form(string user) => likenesses.Of(user) switch { { IsClear: true } => "clear", { IsMd5: true } => "md5", _ => "scram" };
        var names = Enumerable.Range(0, 60).Select(static number => $"u{number}").ToList();
        Assert.Equal(["clear", "md5", "scram"], names.Select(Form).Distinct().Order());
        Assert.Equal(names.Select(Form), names.Select(Form));
    }

    [Theory]
    [InlineData("app", true)]
    [InlineData("App", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_certificate_or_an_account_must_be_the_users(string? name, bool letIn)
    {
        Assert.Equal(letIn, Decide(AccessMethod.Cert, null, Attempt with { Tls = new([], name) }) is AccessDecision.Asked);
        Assert.Equal(letIn, Decide(AccessMethod.Peer, null, Attempt with { Address = null, Account = name }) is AccessDecision.Asked);
    }

    [Fact]
    public void Whose_certificate_it_is_is_told_to_the_log_alone()
    {
        var refused = Assert.IsType<AccessDecision.Refused>(Decide(AccessMethod.Cert, null, Attempt with { Tls = new([], "boss") }));
        Assert.Contains("boss", refused.Note, StringComparison.Ordinal);
        Assert.DoesNotContain("boss", refused.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_binding_is_offered_where_there_is_TLS_with_one()
    {
        string[] Offered(TlsFacts? tls)
        {
            var first = new ClientLogin(Asked(AccessMethod.ScramSha256, Kept("scram"), Attempt with { Tls = tls }).Proof).First();
            return [.. Assert.IsType<AuthenticationSASL>(first).Mechanisms.Select(static mechanism => mechanism.ToString())];
        }

        Assert.Equal(["SCRAM-SHA-256"], Offered(null));
        Assert.Equal(["SCRAM-SHA-256"], Offered(new([])));
        Assert.Equal(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], Offered(new([1, 2])));
    }

    [Fact]
    public void No_decision_prints_what_is_kept() =>
        Assert.DoesNotContain(Password, $"{Decide(AccessMethod.Password, Kept("clear"))} {Verifiers}", StringComparison.Ordinal);

    private static AccessDecision.Asked Asked(AccessMethod method, KeptPassword? kept, LoginAttempt? attempt = null) =>
        Assert.IsType<AccessDecision.Asked>(Decide(method, kept, attempt));

    private static AccessRule Rule(AccessMethod method) =>
        new(7, ConnectionKind.Host, NameSet.Every, NameSet.Every, new AddressSet.Any(), method);

    private static AccessDecision Decide(AccessMethod method, KeptPassword? kept, LoginAttempt? attempt = null) =>
        AccessDecision.Of(Rule(method), attempt ?? Attempt, kept, Verifiers);

    private static KeptPassword Kept(string form) => new("app", form switch
    {
        "md5" => Md5Password.Keep("app", Password),
        "scram" => ScramVerifier.Of(Password, new byte[16], 16).Format(),
        _ => Password,
    });

    private static bool LetsIn(AccessDecision.Asked decision, string password)
    {
        var client = new ClientLogin(decision.Proof);
        var server = new ServerLogin(
            new(ProtocolVersion.V30, [new(WireText.Of("user"), WireText.Of("app"))]), Credential.OfPassword(password));
        IReadOnlyList<IBackendMessage> told = [client.First()];
        while (told.Count > 0)
        {
            var answers = told.Select(message => server.Next(message, out _)).OfType<IFrontendMessage>().ToList();
            told = [.. answers.SelectMany(answer => client.Next(answer, out _))];
        }
        return client.IsProven;
    }
}
