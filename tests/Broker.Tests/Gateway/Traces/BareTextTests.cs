using System.Text;
using Broker.Gateway.Traces;
using Broker.Statements;
using Xunit;

namespace Broker.Tests.Gateway.Traces;

/// <summary>Texts that have one bare text are of one kind: the lexer sees the same in them but for the values of literals.</summary>
public sealed class BareTextTests
{
    [Theory]
    [InlineData("select 1", "select 0")]
    [InlineData("select 1.25, 'it''s', $12", "select 0.0, '', $12")]
    [InlineData("select a1.b2 from t3 where x=17", "select a1.b2 from t3 where x=0")]
    [InlineData("select \"1 'a\" , '\"'", "select \"1 'a\" , ''")]
    [InlineData("select '7'::int, array[1,22], x[3:4]", "select ''::int, array[0,0], x[0:0]")]
    [InlineData("select 'a'\n'b'", "select ''\n''")]
    public void Values_of_numbers_and_strings_are_left_out(string text, string bare) => Assert.Equal(bare, Bare(text));

    [Theory]
    [InlineData("select 1 -- 2")]
    [InlineData("select /* 1 */ 2")]
    [InlineData("select $$a$$")]
    [InlineData("select $a1$b$a1$")]
    [InlineData("select E'a'")]
    [InlineData("select U&'a'")]
    [InlineData("select b'1'")]
    [InlineData("select 'a\\b'")]
    [InlineData("select 'a")]
    [InlineData("select \"a")]
    [InlineData("select 1e5")]
    [InlineData("select 0x1F")]
    [InlineData("select 1_000")]
    [InlineData("limit 1for update")]
    public void What_is_not_sure_stands_for_itself(string text) => Assert.Equal("", Bare(text));

    [Fact]
    public void Texts_of_one_bare_text_have_one_shape()
    {
        var shapes = new Dictionary<string, (string Text, string Shape)>(StringComparer.Ordinal);
        foreach (var text in Texts("01x'e. $\"-/*E\n", 5))
        {
            Compare(shapes, text);
        }
    }

    [Fact]
    public void Texts_made_of_pieces_of_one_bare_text_have_one_shape()
    {
        string[] pieces =
        [
            "1", "2", "33", "1.5", ".5", "1.", "1e5", "2e5", "0x1F", "1_0", "'a'", "'b''c'", "''", "E'a'", "U&'d'", "$1", "$2", "$$a$$",
            "$t$", "\"a1\"", "\"a2\"", "a1", "a", "a$1",
            "::", "int", "[", "]", "(", ")", ",", " ", "\n", "--", "/*", "*/", ";", "select", "from", "set_config", "current_database", "=",
            "+", "-", ".", "x", "é", "'é'", "\\",
        ];
        var random = new Random(7);
        var shapes = new Dictionary<string, (string Text, string Shape)>(StringComparer.Ordinal);
        for (var i = 0; i < 100_000; i++)
        {
            Compare(shapes, string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => pieces[random.Next(pieces.Length)])));
        }
        Assert.True(shapes.Count > 1000, $"only {shapes.Count} bare texts");
    }

    private static void Compare(Dictionary<string, (string Text, string Shape)> shapes, string text)
    {
        var bare = Bare(text);
        if (bare.Length == 0)
        {
            return;
        }
        var shape = ShapeOf(text);
        if (!shapes.TryAdd(bare, (text, shape)))
        {
            Assert.True(shapes[bare].Shape == shape,
                $"<{text}> and <{shapes[bare].Text}> are both <{bare}>:\n{shape}\n{shapes[bare].Shape}");
        }
        Assert.Equal(shape, ShapeOf(bare));
    }

    private static string Bare(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var into = new byte[bytes.Length];
        return Encoding.UTF8.GetString(into, 0, BareText.Write(bytes, into));
    }

    private static string ShapeOf(string text)
    {
        var shape = StatementShape.Of(text);
        return $"{shape.Statements} {shape.Verb} {shape.Target} [{string.Join(' ', shape.Names)}] [{string.Join(' ', shape.Operators)}] {shape.HighestParameter} {shape.Marks}";
    }

    private static IEnumerable<string> Texts(string letters, int longest) =>
        longest == 0
            ? [""]
            : Texts(letters, longest - 1)
                .SelectMany(text => text.Length == longest - 1 ? letters.Select(letter => text + letter).Prepend(text) : [text]);
}
