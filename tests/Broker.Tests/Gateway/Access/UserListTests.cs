using Broker.Gateway.Access;
using Broker.PgWire.Authentication;
using Xunit;

namespace Broker.Tests.Gateway.Access;

public sealed class UserListTests
{
    private static readonly string Verifier = ScramVerifier.Of("secret", new byte[16], 16).Format();

    [Fact]
    public void A_password_is_kept_in_the_form_it_has()
    {
        var users = Good($"\"a\" \"secret\"\n\"b\" \"{Md5Password.Keep("b", "secret")}\"\n\"c\" \"{Verifier}\"\n");
        Assert.True(users.Find("a")!.IsClear);
        Assert.True(users.Find("b")!.IsMd5);
        Assert.NotNull(users.Find("c")!.Verifier);
        Assert.All(users.Passwords, static kept => Assert.True(kept.Fits("secret")));
        Assert.All(users.Passwords, static kept => Assert.False(kept.Fits("Secret")));
    }

    [Fact]
    public void A_quote_inside_is_written_twice()
    {
        var users = Good("\"o\"\"neill\" \"say \"\"hi\"\" \"\n\"all\" \"\"\"x\"");
        Assert.True(users.Find("o\"neill")!.Fits("say \"hi\" "));
        Assert.True(users.Find("all")!.Fits("\"x"));
    }

    [Fact]
    public void Comments_empty_lines_carriage_returns_and_a_mark_of_byte_order_are_no_users()
    {
        var users = Good("\uFEFF; a \"comment\" \"x\"\r\n\r\n   \t\n  \"a\"\t \"x;y\"   ; behind\r\n\"b\"\"x\" \"z\"");
        Assert.Equal(2, users.Passwords.Length);
        Assert.True(users.Find("a")!.Fits("x;y"));
        Assert.NotNull(users.Find("b\"x"));
    }

    [Fact]
    public void A_user_without_a_password_is_let_in_by_none()
    {
        Assert.Null(Good("\"a\" \"\"").Find("a"));
        Assert.Null(UserList.Empty.Find("a"));
    }

    [Fact]
    public void Names_differ_by_their_case() => Assert.Null(Good("\"App\" \"x\"").Find("app"));

    [Theory]
    [InlineData("app secret", "name in quotes")]
    [InlineData("\"app", "name in quotes")]
    [InlineData("\"app\"", "password in quotes")]
    [InlineData("\"app\" secret", "password in quotes")]
    [InlineData("\"app\" \"secret", "password in quotes")]
    [InlineData("\"app\" \"secret\"\"", "password in quotes")]
    [InlineData("\"app\" \"secret\" \"more\"", "behind the password")]
    [InlineData("\"app\" \"sec\"ret\"", "behind the password")]
    [InlineData("# app", "name in quotes")]
    [InlineData("\"\" \"secret\"", "1 to 128 letters")]
    [InlineData("\"app\" \"secret\0\"", "NUL")]
    [InlineData("\"app\" \"SCRAM-SHA-256$4096:secret\"", "verifier")]
    [InlineData("\"app\" \"SCRAM-SHA-256$0:c2FsdA==$x:y\"", "verifier")]
    [InlineData("\"app\" \"md5ABCDEF00112233445566778899AABBCC\"", "lower case")]
    public void What_is_no_entry_is_named_with_its_line_and_shows_no_password(string line, string text)
    {
        var users = UserList.Parse($"\"first\" \"x\"\n{line}\n\"last\" \"y\"", out var problems);
        var problem = Assert.Single(problems);
        Assert.Equal(2, problem.Line);
        Assert.Contains(text, problem.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", $"{problem}", StringComparison.Ordinal);
        Assert.Equal(2, users.Passwords.Length);
    }

    [Fact]
    public void A_user_may_stand_there_once()
    {
        UserList.Parse("\"a\" \"x\"\n\"b\" \"x\"\n\"a\" \"y\"", out var problems);
        Assert.Equal("line 3: the user \"a\" stands on line 1 already", Assert.Single(problems).ToString());
    }

    [Fact]
    public void Names_and_passwords_have_a_longest()
    {
        UserList.Parse($"\"{new string('a', 128)}\" \"{new string('x', 2048)}\"", out var none);
        UserList.Parse($"\"{new string('a', 129)}\" \"x\"\n\"a\" \"{new string('x', 2049)}\"", out var both);
        Assert.Empty(none);
        Assert.Equal([1, 2], both.Select(static problem => problem.Line));
    }

    [Fact]
    public void Garbage_gives_problems_and_no_exception()
    {
        foreach (var random in Garbage.Seeds(5_000))
            Assert.NotNull(UserList.Parse(Garbage.Text(random, 40), out _));
    }

    [Fact]
    public void What_is_quoted_is_read_back()
    {
        foreach (var random in Garbage.Seeds(5_000))
        {
            var name = $"u{Writable(random)}";
            var password = $"p{Writable(random)}";
            Assert.True(Good($"{Quoted(name)} {Quoted(password)}").Find(name)!.Fits(password), $"{name} {password}");
        }
    }

    private static string Writable(Random random) =>
        Garbage.Text(random, 20).Replace("\n", "", StringComparison.Ordinal).Replace("\0", "", StringComparison.Ordinal);

    private static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static UserList Good(string text)
    {
        var users = UserList.Parse(text, out var problems);
        Assert.Empty(problems);
        return users;
    }
}
