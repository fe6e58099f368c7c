using Broker.Sessions;
using Xunit;

namespace Broker.Tests.Sessions;

public sealed class JudgedTextsTests
{
    private readonly List<string> _judged = [];
    private readonly JudgedTexts _texts;

    public JudgedTextsTests() => _texts = new(text =>
    {
        _judged.Add(text);
        return text.StartsWith("bad", StringComparison.Ordinal) ? $"refused: {text}" : null;
    });

    [Theory]
    [InlineData("good", null)]
    [InlineData("bad one", "refused: bad one")]
    public void A_text_is_judged_once_and_told_again_by_its_characters(string text, string? words)
    {
        Assert.Equal(words, _texts.Of(text));
        Assert.Equal(words, _texts.Of(new string(text.AsSpan())));
        Assert.Equal([text], _judged);
    }

    [Fact]
    public void A_long_text_is_judged_each_time_and_not_kept()
    {
        var text = "bad" + new string(' ', JudgedTexts.LongestText);
        Assert.Equal(_texts.Of(text), _texts.Of(text));
        Assert.Equal(2, _judged.Count);
        Assert.Equal(0, _texts.Count);
    }

    [Fact]
    public void Many_different_texts_take_no_more_than_the_room_there_is()
    {
        for (var i = 0; i < 5 * JudgedTexts.Most; i++)
        {
            Assert.Equal(i % 2 == 0 ? null : $"refused: bad {i}", _texts.Of(i % 2 == 0 ? $"good {i}" : $"bad {i}"));
            Assert.InRange(_texts.Count, 1, JudgedTexts.Most);
        }
    }
}
