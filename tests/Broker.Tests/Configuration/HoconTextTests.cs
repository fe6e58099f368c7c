using Akka.Configuration;
using Broker.Configuration;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Configuration;

/// <summary>What Akka's parser lets pass in silence, or refuses without a word one could use.</summary>
public sealed class HoconTextTests
{
    [Theory]
    [InlineData("broker {\n  pool { size = 3\n}", 1, "the brace opened here is never closed")]
    [InlineData("broker {\n  pool {\n    size = 3\n", 2, "the brace opened here is never closed")]
    [InlineData("broker {\n}\n}", 3, "an unexpected }")]
    [InlineData("broker {\n pool.size = 3 ]\n}", 2, "an unexpected ]")]
    [InlineData("a = 1\nb = \"open\nc = 2", 2, "the quote opened here is never closed")]
    [InlineData("a = \"\"\"\nopen", 1, "the quote opened here is never closed")]
    [InlineData("a = [1,\n 2", 1, "the bracket opened here is never closed")]
    [InlineData("a {\n b { c = 1 }, d = 2 }", 2, "refuses a comma behind the }")]
    [InlineData("\na += 1", 2, "does not append")]
    [InlineData("include \"other.conf\"\na = 1", 1, "include is not available")]
    [InlineData("a = 1\nb\nc = 2", 2, "b has no value")]
    [InlineData("a = 1\nb = \n", 2, "b has no value")]
    [InlineData("a =\n\n, b = 1", 1, "a has no value")]
    [InlineData("a = 1; b = 2", 1, "an unquoted value contains '='")]
    [InlineData("a = http://somewhere", 1, "an unquoted value contains ':'")]
    [InlineData("a = 1\nb = c[d", 2, "an unquoted value contains '['")]
    [InlineData("a = [ ok\n *]", 2, "an unquoted value contains '*'")]
    [InlineData("a = [b\\]", 1, "an unquoted value contains '\\'")]
    [InlineData("a = [$b]", 1, "an unquoted value contains '$'")]
    [InlineData("a = 1\nb[0] = 2", 2, "a key contains '['")]
    [InlineData("\"\"\"a\"\"\" = 1", 1, "a key in quotes")]
    [InlineData("\"a\\b\" = 1", 1, "a key in quotes")]
    [InlineData("a = 1\na = ${a}", 2, "${a} leads back to a")]
    [InlineData("a { b = 1\n c = ${a} }", 2, "${a} leads back to a.c")]
    [InlineData("a = 1\nb = ${a}\na = ${b}", 2, "${a} leads back to b")]
    [InlineData("a = b {c", 1, "an unquoted value contains '{'")]
    [InlineData("x = 1\nbroker.databases.d.password = ${?APP_PASSWORD}", 2, "password-env")]
    [InlineData("broker.databases.d.password = ${APP_PASSWORD}", 1, "password-env")]
    public void A_trap_is_told_with_its_line(string text, int line, string told)
    {
        var failure = Assert.Throws<SettingsException>(() => BrokerSettings.Parse(text, "x.conf"));
        Assert.Contains(failure.Problems,
            problem => problem.Origin == $"x.conf, line {line}" && problem.Text.Contains(told, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("broker { pool { size = 3 } }")]
    [InlineData("{ broker { pool { size = 3 } } }")]
    [InlineData("broker { pool { size = 3 }\n\n # so\n }\n// and so\n")]
    [InlineData("broker.pool { size = 3, overflow = 4 }")]
    [InlineData("broker : { pool : { size : 3 } }")]
    [InlineData("broker\n{\n pool\n {\n size\n = 3 } }")]
    [InlineData("broker.pool.size = \"3\" # a brace { and a quote \" in a comment")]
    [InlineData("x = \"a { brace } in # quotes = here\"\nbroker.pool.size = 3")]
    [InlineData("x = \"\"\"three \" quotes\nover { lines\"\"\"\nbroker.pool.size = 3")]
    [InlineData("x = \"an \\\" escaped { quote\"\nbroker.pool.size = 3")]
    [InlineData("x = [ 1, 2\n 3 ]\ny = [ { a = 1 }\n { a = 2 } ]\nbroker.pool.size = 3")]
    [InlineData("n = 3\nbroker.pool.size = ${n}")]
    [InlineData("n = 3\nm = ${n}\nbroker.pool.size = ${m}")]
    [InlineData("broker { pool { size = 4 } }\r\nbroker.pool.size = 3\r\n")]
    [InlineData("akka { actor { provider = remote } }\nbroker.pool.size = 3")]
    public void A_sound_text_passes_and_means_what_it_says(string text) =>
        Assert.Equal(3, BrokerSettings.Parse(text).PoolDefaults.Size);

    [Fact]
    public void A_line_is_the_last_one_that_set_the_key()
    {
        var lines = HoconText.Read("a { b = 1 }\n\na.b = 2\n\"a\".c = \"\"\"x\ny\"\"\"\nd = 4", "x").Lines;
        Assert.Equal((3, 4, 6), (lines["a.b"], lines["a.c"], lines["d"]));
    }

    [Fact]
    public void An_environment_variable_is_refused_also_in_a_configuration_already_parsed()
    {
        // the parser makes a node that contains itself of the first, and nothing at all of the second
        foreach (var text
            in new[] { "broker.databases.d { user = u\n password = ${?HOME} }",
                "broker.databases.d { user = u\n password = \"${HOME}\" }" })
        {
            var config = ConfigurationFactory.ParseString(text).WithFallback(BrokerSettings.Reference);
            var problems = Assert.Throws<SettingsException>(() => BrokerSettings.From(config)).Problems;
            Assert.Contains(problems,
                problem => problem.Path == "broker.databases.d.password"
                    && problem.Text.Contains("password-env", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void What_only_the_parser_refuses_is_told_with_its_line_and_without_the_text_around_it()
    {
        var failure = Assert.Throws<SettingsException>(() => BrokerSettings.Parse("a = 1\nbroker.$x = 1\npassword = hunter2", "x.conf"));
        Assert.Contains("x.conf, line 2", failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", failure.ToString(), StringComparison.Ordinal);
    }

    [Property(MaxTest = 500)]
    public void Any_text_is_read_to_its_end(string? text) => Assert.NotNull(HoconText.Read(text ?? "", "x").Lines);

    [Property(MaxTest = 500)]
    public void Any_text_of_the_language_ends_in_settings_or_in_a_list_of_problems(byte[]? picks)
    {
        string[] words = ["broker", ".", "pool", "size", "=", "3", "{", "}", "[", "]", "\"", "\n", " ", ",", "#", "${", "?", "+=", "\\",
            ":", "include ", "$", "\"\"\""];
        var text = string.Concat((picks ?? []).Select(pick => words[pick % words.Length]));
        var failure = Record.Exception(() => BrokerSettings.Parse(text));
        Assert.True(failure is null or SettingsException { Problems.IsEmpty: false }, $"{text}: {failure}");
    }
}
