using Broker.Statements;
using Xunit;

namespace Broker.Tests.Statements;

public sealed class StatementCatalogueTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(10);
    private static readonly StatementShape Shape = StatementShape.Of("select a from t");

    private static StatementCatalogue Asked(DateTimeOffset at)
    {
        var empty = StatementCatalogue.For("", Recheck);
        return empty.With(BareCatalogue.AnswersTo(empty.Lookup(Shape, PackingTrust.None, at).ToAsk), at);
    }

    [Fact]
    public void An_unknown_text_needs_every_name_and_operator_of_it()
    {
        var lookup = StatementCatalogue.For("", Recheck).Lookup(Shape, PackingTrust.None, Start);

        Assert.IsType<Classification.NeedsCatalogue>(lookup.Classification);
        Assert.Equal(["a", "t"], lookup.ToAsk.Names.Select(name => name.Name).Order());
        Assert.Equal(["<>", "="], lookup.ToAsk.Operators.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(0, true, false, 10)]
    [InlineData(9.9, true, false, 10)]
    [InlineData(10, true, true, 11)]
    [InlineData(19.9, true, true, 20)]
    [InlineData(20, false, true, 20)]
    public void An_answer_is_asked_again_in_time_and_forgotten_after_twice_that_time(double seconds, bool decided, bool asks,
        double checkAt)
    {
        var lookup = Asked(Start).Lookup(Shape, PackingTrust.None, Start.AddSeconds(seconds));

        Assert.Equal(decided, lookup.Classification is Classification.Decided { Class.Travel: Travel.InReadGroup });
        Assert.Equal(asks, !lookup.ToAsk.IsEmpty);
        Assert.Equal(Start.AddSeconds(checkAt), lookup.CheckAt);
        Assert.Equal(decided ? StatementClass.PlainRead : StatementClass.Unknown, lookup.Known(Shape).Class);
    }

    [Fact]
    public void What_the_text_alone_decides_is_never_asked()
    {
        var lookup = StatementCatalogue.For("", Recheck).Lookup(StatementShape.Of("begin"), PackingTrust.None, Start);

        Assert.Equal(Travel.Refused, lookup.Class.Travel);
        Assert.True(lookup.ToAsk.IsEmpty);
        Assert.Equal(DateTimeOffset.MaxValue, lookup.CheckAt);
    }

    [Fact]
    public void A_newer_answer_replaces_an_older_one()
    {
        var later = Start.AddSeconds(15);
        var guarded = new RelationAnswer(
            new CatalogueName("public", "t"), RelationKind.Table, false, RowSecurity: true, [], [], [], null, [], [], [], [], [], []);
        var news = CatalogueSnapshot.Empty with
        {
            Names = CatalogueSnapshot.Empty.Names.Add(new CatalogueName(null, "t"), new NameAnswer([], guarded, null)),
        };

        var lookup = Asked(Start).With(news, later).Lookup(Shape, PackingTrust.None, later);

        Assert.Equal(ClassReason.RowSecurity, Assert.IsType<Classification.Decided>(lookup.Classification).Class.Reason);
        Assert.DoesNotContain(new CatalogueName(null, "t"), lookup.ToAsk.Names);
        Assert.Contains(new CatalogueName(null, "a"), lookup.ToAsk.Names);
    }

    [Fact]
    public void The_catalogue_stays_within_its_capacity_and_forgets_the_oldest()
    {
        var catalogue = StatementCatalogue.For("", Recheck, capacity: 100);
        for (var i = 0; i < 250; i++)
        {
            var question = CatalogueQuestions.None with { Names = [new CatalogueName(null, $"n{i}")] };
            catalogue = catalogue.With(BareCatalogue.AnswersTo(question), Start.AddSeconds(i));
            Assert.InRange(catalogue.NamesAsked.Count, 1, 100);
        }

        Assert.True(catalogue.NamesAsked.Keys.ToHashSet().SetEquals(catalogue.Answers.Names.Keys));
        Assert.Contains(new CatalogueName(null, "n249"), catalogue.NamesAsked.Keys);
        Assert.DoesNotContain(new CatalogueName(null, "n0"), catalogue.NamesAsked.Keys);
    }
}
