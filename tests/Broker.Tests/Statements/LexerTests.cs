using Broker.Statements;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Statements;

public sealed class LexerTests
{
    private static List<Token> All(string sql)
    {
        var tokens = new List<Token>();
        var lexer = new Lexer(sql);
        while (lexer.TryRead(out var token))
        {
            tokens.Add(token);
        }

        return tokens;
    }

    private static string Spelled(string sql) =>
        string.Join(" ", Lexer.Significant(sql).Select(token => $"{token.Kind}<{token.In(sql)}>"));

    [Property(MaxTest = 2000, Arbitrary = [typeof(SqlTexts)])]
    public void Tokens_put_together_are_the_text(SqlText text)
    {
        var at = 0;
        foreach (var token in All(text.Value))
        {
            Assert.Equal(at, token.Start);
            Assert.True(token.Length > 0);
            at += token.Length;
        }

        Assert.Equal(text.Value.Length, at);
    }

    [Property(MaxTest = 2000, Arbitrary = [typeof(SqlTexts)])]
    public void Only_the_last_token_can_be_unterminated(SqlText text) =>
        Assert.DoesNotContain(All(text.Value).SkipLast(1), token => token.Kind == TokenKind.Unterminated);

    [Property(MaxTest = 2000, Arbitrary = [typeof(SqlTexts)])]
    public void Every_text_has_a_shape(SqlText text) => Assert.NotNull(StatementShape.Of(text.Value));

    [Theory]
    [InlineData("+")]
    [InlineData("=-")]
    [InlineData("/*")]
    [InlineData("'a' \n")]
    [InlineData("$a")]
    [InlineData("$a$b")]
    [InlineData("E'\\")]
    [InlineData("(with a as ")]
    [InlineData("create function ")]
    [InlineData("a.")]
    [InlineData("1.")]
    [InlineData(";")]
    public async Task Half_a_million_characters_of_the_same_are_read_in_time(string piece)
    {
        var text = string.Concat(Enumerable.Repeat(piece, 500_000 / piece.Length));

        // a scan that looks back or ahead without end would need hours
        Assert.NotNull(await Task.Run(() => StatementShape.Of(text)).WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Theory]
    [InlineData("'it''s'", "String<'it''s'>")]
    [InlineData("'a\\' b", "String<'a\\'> Word<b>")]
    [InlineData("e'a\\'b'", "String<e'a\\'b'>")]
    [InlineData("E'a'\n'\\'b'", "String<E'a'\n'\\'b'>")]
    [InlineData("E'a' -- why\n 'b'", "String<E'a' -- why\n 'b'>")]
    [InlineData("'a' 'b'", "String<'a'> String<'b'>")]
    [InlineData("x'1f' B'01' n'x' u&'\\0041'", "String<x'1f'> String<B'01'> String<n'x'> String<u&'\\0041'>")]
    [InlineData("some'a'", "Word<some> String<'a'>")]
    [InlineData("$$a'b$$", "String<$$a'b$$>")]
    [InlineData("$a$ $b$ $a$ $1", "String<$a$ $b$ $a$> Parameter<$1>")]
    [InlineData("a$b$ c", "Word<a$b$> Word<c>")]
    [InlineData("$a$ $A$ x", "Unterminated<$a$ $A$ x>")]
    [InlineData("\"a\"\"b\".c", "QuotedName<\"a\"\"b\"> Punctuation<.> Word<c>")]
    [InlineData("U&\"d\\0061\"", "UnicodeName<U&\"d\\0061\">")]
    [InlineData("u & b", "Word<u> Operator<&> Word<b>")]
    [InlineData("a/* /* ' */ */b", "Word<a> Word<b>")]
    [InlineData("a/* /* */ b", "Word<a> Unterminated</* /* */ b>")]
    [InlineData("1--2\n+3", "Number<1> Operator<+> Number<3>")]
    [InlineData("a=-1", "Word<a> Operator<=> Operator<-> Number<1>")]
    [InlineData("a@-1", "Word<a> Operator<@-> Number<1>")]
    [InlineData("a*/*c*/b", "Word<a> Operator<*> Word<b>")]
    [InlineData("a->>'b'::int", "Word<a> Operator<->>> String<'b'> Punctuation<::> Word<int>")]
    [InlineData("1.5e-3 .5 1..2 0x1F 1_000", "Number<1.5e-3> Number<.5> Number<1> Punctuation<..> Number<2> Number<0x1F> Number<1_000>")]
    [InlineData("limit 1for update", "Word<limit> Number<1> Word<for> Word<update>")]
    [InlineData("a\u00A0b", "Word<a\u00A0b>")]
    [InlineData("'open", "Unterminated<'open>")]
    [InlineData("\"open", "Unterminated<\"open>")]
    [InlineData("a\\b", "Word<a> Unknown<\\> Word<b>")]
    public void Tokens_are_those_of_the_server(string sql, string tokens) => Assert.Equal(tokens, Spelled(sql));
}

/// <summary>A text made of pieces that scanners trip over.</summary>
public sealed record SqlText(string Value);

public static class SqlTexts
{
    private static readonly string[] Pieces =
    [
        "'", "''", "\"", "$", "$$", "$a$", "$1", "/*", "*/", "--", "\n", " ", "E'", "U&'", "U&\"", "b'", "\\", ";", "(", ")", ".",
        ",", "::",
        "=", "+", "-", "<>", "@>", "0x", "1", "1.", "e5", "select", "insert", "into", "update", "with", "as", "begin", "end", "for",
        "f", "\0",
        "é", "\uD800", "\u00A0", "create function", "begin atomic", "case", "operator", "pg_catalog",
    ];

    public static Arbitrary<SqlText> Texts() =>
        Gen.OneOf(Gen.Elements(Pieces), ArbMap.Default.GeneratorFor<NonNull<string>>().Select(text => text.Get))
            .ListOf()
            .Select(pieces => new SqlText(string.Concat(pieces)))
            .ToArbitrary();
}
