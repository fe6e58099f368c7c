using Broker.Statements;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Statements;

public sealed class ClassifiedTextsTests
{
    private static readonly ClassifiedText Read = new(StatementShape.Of("select 1"), StatementClass.PlainRead, DateTimeOffset.UnixEpoch);

    /// <summary>The same thing done simply: a list with the newest last.</summary>
    [Property]
    public void The_text_used_longest_ago_leaves_first(byte[] uses, PositiveInt room)
    {
        var capacity = room.Get % 8 + 1;
        var texts = new ClassifiedTexts(capacity);
        var expected = new List<string>();
        foreach (var use in uses)
        {
            var text = $"select {use % 16}";
            Assert.Equal(expected.Remove(text), texts.Find(text) is not null);
            texts.Remember(text, Read);
            expected.Add(text);
            expected = [.. expected.TakeLast(capacity)];
            Assert.Equal(expected.Count, texts.Count);
        }
    }

    [Property]
    public void A_text_is_found_by_exactly_its_characters(string one, string other)
    {
        var texts = new ClassifiedTexts();
        texts.Remember(one ?? "", Read);

        Assert.Equal((one ?? "") == (other ?? ""), texts.Find(new string((other ?? "").AsSpan())) is not null);
    }

    [Fact]
    public void The_same_text_in_another_context_is_another_text()
    {
        var texts = new ClassifiedTexts();
        texts.Remember("select 1", Read, "role=a");

        Assert.NotNull(texts.Find("select 1", "role=a"));
        Assert.Null(texts.Find("select 1", "role=b"));
        Assert.Null(texts.Find("select 1"));
    }

    [Fact]
    public void A_text_refused_for_writing_stays_alone_whatever_the_catalogue_says()
    {
        var texts = new ClassifiedTexts();
        texts.KeepAlone("select f()", AloneForEver.ReadOnlyRefused);
        texts.Remember("select f()", Read);

        var known = texts.Find("select f()")!;
        Assert.Equal((Travel.AloneThenReset, ClassReason.ReadOnlyRefused), (known.Class.Travel, known.Class.Reason));
        Assert.True(known.IsFresh(DateTimeOffset.UnixEpoch.AddYears(1000)));
    }

    [Fact]
    public void A_text_whose_reply_was_too_large_stays_alone()
    {
        var texts = new ClassifiedTexts();
        texts.Remember("table t", Read);
        texts.KeepAlone("table t", AloneForEver.ReplyOverLimit);

        Assert.Equal((Travel.Alone, ClassReason.ReplyOverLimit),
            (texts.Find("table t")!.Class.Travel, texts.Find("table t")!.Class.Reason));
    }

    [Fact]
    public void A_text_too_long_to_be_remembered_never_travels_in_groups()
    {
        var text = $"select '{new string('x', ClassifiedTexts.LongestText)}'";
        var texts = new ClassifiedTexts();
        texts.Remember(text, Read);

        Assert.Null(texts.Find(text));
        Assert.True(StatementShape.Of(text).Has(ShapeMarks.LongText));
    }

    [Fact]
    public void Finding_a_text_allocates_nothing()
    {
        var texts = new ClassifiedTexts();
        texts.Remember("select abalance from pgbench_accounts where aid = $1", Read);
        texts.Remember("select 2", Read, "role=a");
        Find(texts, 1000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Find(texts, 1000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void Find(ClassifiedTexts texts, int times)
    {
        for (var i = 0; i < times; i++)
        {
            texts.Find("select abalance from pgbench_accounts where aid = $1");
            texts.Find("select 2", "role=a");
        }
    }
}
