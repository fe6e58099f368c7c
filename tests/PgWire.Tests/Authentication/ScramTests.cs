using System.Text;
using Broker.PgWire.Authentication;
using FsCheck.Xunit;
using Xunit;

namespace Broker.PgWire.Tests.Authentication;

public sealed class ScramTests
{
    private static readonly byte[] Salt = [.. Enumerable.Range(1, 16).Select(static i => (byte)i)];
    private static readonly byte[] Certificate = [.. Enumerable.Range(1, 32).Select(static i => (byte)(i * 3))];

    /// <summary>The example of RFC 7677, but for the user's name, which PostgreSQL leaves out.</summary>
    [Fact]
    public void The_server_accepts_the_example_of_the_RFC()
    {
        var verifier = ScramVerifier.Of("pencil", Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
        var server = new ScramServer(verifier, nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");

        var first = server.First("SCRAM-SHA-256", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"u8, out var refused);
        Assert.Null(refused);
        Assert.Equal("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            Encoding.UTF8.GetString(first));

        var last = server.Final(
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="u8, out refused);
        Assert.Null(refused);
        Assert.Equal("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", Encoding.UTF8.GetString(last));
    }

    [Property(MaxTest = 30)]
    public void Client_and_server_agree_exactly_when_the_password_is_the_same(string? password, string? other, bool bound)
    {
        var (secret, tried) = (password ?? "", other ?? "");

        Assert.Null(Exchange(new(secret, ScramServer.Offered(bound), bound ? Certificate : null),
            ScramVerifier.Of(secret, Salt, 2), bound));
        // what is not ASCII is prepared, and two may become one
        if (secret != tried && Ascii.IsValid(secret) && Ascii.IsValid(tried))
            Assert.Equal(ProofRefusal.WrongPassword,
                Exchange(new(tried, ScramServer.Offered(bound), bound ? Certificate : null), ScramVerifier.Of(secret, Salt, 2),
                    bound)!.Kind);
    }

    [Fact]
    public void Keys_that_a_client_has_shown_log_in_elsewhere_with_the_same_verifier()
    {
        var verifier = ScramVerifier.Of("secret", Salt, 4096);
        var server = new ScramServer(verifier);
        var client = new ScramClient("secret", ScramServer.Offered(false));
        var first = server.First(client.Mechanism, client.First(), out _);
        server.Final(client.Final(first, out _), out _);

        Assert.NotNull(server.Keys);
        Assert.True(verifier.Fits(server.Keys));
        Assert.Null(Exchange(new(server.Keys, ScramServer.Offered(false)), verifier, bound: false));
        Assert.Equal(ProofRefusal.WrongPassword,
            Exchange(new(server.Keys, ScramServer.Offered(false)), ScramVerifier.Of("changed", Salt, 4096), bound: false)!.Kind);
    }

    [Fact]
    public void Somebody_between_who_hides_the_binding_is_noticed()
    {
        var verifier = ScramVerifier.Of("secret", Salt, 2);
        var deceived = new ScramClient("secret", ["SCRAM-SHA-256"], Certificate);

        new ScramServer(verifier, Certificate).First(deceived.Mechanism, deceived.First(), out var refused);

        Assert.Equal(ProofRefusal.ChannelBinding, refused!.Kind);
    }

    [Fact]
    public void A_client_that_is_bound_to_another_certificate_is_refused()
    {
        var client = new ScramClient("secret", ScramServer.Offered(true), [1, 2, 3]);

        Assert.Equal(ProofRefusal.ChannelBinding, Exchange(client, ScramVerifier.Of("secret", Salt, 2), bound: true)!.Kind);
    }

    [Theory]
    [InlineData("SCRAM-SHA-1", "n,,n=,r=abc")]
    [InlineData("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc")]
    [InlineData("SCRAM-SHA-256", "")]
    [InlineData("SCRAM-SHA-256", "n")]
    [InlineData("SCRAM-SHA-256", "n,,")]
    [InlineData("SCRAM-SHA-256", "n,,r=abc")]
    [InlineData("SCRAM-SHA-256", "n,,n=,r=")]
    [InlineData("SCRAM-SHA-256", "n,,n=,r=a b")]
    [InlineData("SCRAM-SHA-256", "n,,m=x,n=,r=abc")]
    [InlineData("SCRAM-SHA-256", "n,a=other,n=,r=abc")]
    [InlineData("SCRAM-SHA-256", "p=tls-unique,,n=,r=abc")]
    [InlineData("SCRAM-SHA-256", "z,,n=,r=abc")]
    public void A_first_message_that_is_not_of_the_form_is_refused(string mechanism, string message)
    {
        new ScramServer(ScramVerifier.Of("secret", Salt, 2)).First(mechanism, Encoding.UTF8.GetBytes(message), out var refused);

        Assert.NotNull(refused);
    }

    [Property(MaxTest = 500)]
    public void Garbage_is_refused_and_never_an_exception(byte[] garbage)
    {
        var verifier = ScramVerifier.Of("secret", Salt, 1);
        var server = new ScramServer(verifier);
        server.First("SCRAM-SHA-256", garbage, out _);
        server.Final(garbage, out var refused);
        Assert.NotNull(refused);
        byte[] nearly = [.. "c=biws,r="u8, .. garbage, .. ",p="u8, .. garbage];
        server.Final(nearly, out refused);
        Assert.NotNull(refused);
        var client = new ScramClient("secret", ScramServer.Offered(false));
        client.First();
        client.Final(garbage, out refused);
        Assert.NotNull(refused);
        Assert.NotNull(client.Verify(garbage));
    }

    [Fact]
    public void A_server_that_wants_too_many_iterations_does_not_keep_the_client_busy()
    {
        var client = new ScramClient("secret", ScramServer.Offered(false), nonce: "abc");

        client.Final("r=abcdef,s=AAAA,i=2000000000"u8, out var refused);

        Assert.Contains("2000000000", refused!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_does_not_know_the_password_is_not_believed()
    {
        var client = new ScramClient("secret", ScramServer.Offered(false), nonce: "abc");
        client.Final("r=abcdef,s=AAAA,i=2"u8, out var refused);
        Assert.Null(refused);

        Assert.NotNull(client.Verify(Encoding.ASCII.GetBytes("v=" + Convert.ToBase64String(new byte[32]))));
        Assert.NotNull(client.Verify("e=other-error"u8));
    }

    [Fact]
    public void A_user_that_does_not_exist_always_has_the_same_salt_and_never_the_right_password()
    {
        var (secret, user) = ("the broker's own"u8.ToArray(), "nobody"u8.ToArray());
        var verifier = ScramVerifier.OfNobody(user, secret);

        Assert.Equal(verifier.Salt.AsEnumerable(), ScramVerifier.OfNobody(user, secret).Salt);
        Assert.NotEqual(verifier.Salt.AsEnumerable(), ScramVerifier.OfNobody("another"u8, secret).Salt);
        Assert.Equal(ProofRefusal.WrongPassword, Exchange(new("guess", ScramServer.Offered(false)), verifier, bound: false)!.Kind);
    }

    [Fact]
    public void A_verifier_is_read_as_it_is_written_and_does_not_print()
    {
        var verifier = ScramVerifier.Of("pencil", Salt, 4096);

        Assert.Equal(verifier.Format(), ScramVerifier.Parse(verifier.Format())!.Format());
        Assert.StartsWith("SCRAM-SHA-256$4096:AQIDBAUGBwgJCgsMDQ4PEA==$", verifier.Format(), StringComparison.Ordinal);
        Assert.True(verifier.Fits("pencil"));
        Assert.False(verifier.Fits("pen"));
        Assert.Equal("ScramVerifier", verifier.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("md5aaaabbbbccccdddd0000111122223333")]
    [InlineData("SCRAM-SHA-256$")]
    [InlineData("SCRAM-SHA-256$x:AAAA$AAAA:AAAA")]
    [InlineData("SCRAM-SHA-256$4096:AAAA$AAAA:AAAA")]
    [InlineData("SCRAM-SHA-256$4096:AA AA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("SCRAM-SHA-256$0:AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void What_is_no_verifier_is_not_read(string text) => Assert.Null(ScramVerifier.Parse(text));

    [Theory]
    [InlineData("I\u00ADX", "IX")]
    [InlineData("a\u00A0b", "a b")]
    [InlineData("pass\u200D\u00E9", "pass\u00E9")]
    public void Passwords_are_prepared(string password, string prepared) => Assert.True(ScramVerifier.Of(prepared, Salt, 2).Fits(password));

    [Fact]
    public void A_password_that_may_not_be_prepared_is_taken_as_it_is()
    {
        Assert.True(ScramVerifier.Of("a\u0007", Salt, 2).Fits("a\u0007"));
        Assert.False(ScramVerifier.Of("\u00AA\uE000", Salt, 2).Fits("a\uE000"));
    }

    private static ProofRefused? Exchange(ScramClient client, ScramVerifier verifier, bool bound)
    {
        var server = new ScramServer(verifier, bound ? Certificate : null);
        var serverFirst = server.First(client.Mechanism, client.First(), out var refused);
        if (refused is not null)
            return refused;
        var clientFinal = client.Final(serverFirst, out refused);
        if (refused is not null)
            return refused;
        var serverFinal = server.Final(clientFinal, out refused);
        return refused ?? client.Verify(serverFinal);
    }
}
