using Broker.Statements;
using Xunit;

namespace Broker.Tests.Statements;

public sealed class StatementShapeTests
{
    [Theory]
    [InlineData("", 0, StatementVerb.None)]
    [InlineData(" -- nothing\n;;", 0, StatementVerb.None)]
    [InlineData("select 1;", 1, StatementVerb.Select)]
    [InlineData(";select 1", 1, StatementVerb.Select)]
    [InlineData("select ';' -- ;\n", 1, StatementVerb.Select)]
    [InlineData("select 1; begin", 2, StatementVerb.Select)]
    [InlineData("select $$;$$; select 2;", 2, StatementVerb.Select)]
    [InlineData("((select 1) union select 2)", 1, StatementVerb.Select)]
    [InlineData("values (1)", 1, StatementVerb.Values)]
    [InlineData("table t", 1, StatementVerb.Table)]
    [InlineData("with x as (select 1) select * from x", 1, StatementVerb.Select)]
    [InlineData("with recursive x(a) as materialized (select 1), y as (table x) insert into t table y", 1, StatementVerb.Insert)]
    [InlineData("with update as (select 1) delete from t", 1, StatementVerb.Delete)]
    [InlineData("with x as (select 1) search depth first by a set b select 1", 1, StatementVerb.With)]
    [InlineData("start transaction", 1, StatementVerb.Begin)]
    [InlineData("END", 1, StatementVerb.Commit)]
    [InlineData("abort", 1, StatementVerb.Rollback)]
    [InlineData("create rule r as on insert to t do (delete from a; delete from b)", 1, StatementVerb.Create)]
    [InlineData("create function f() returns int begin atomic select case when true then 1 end; select 2; end", 1, StatementVerb.Create)]
    [InlineData("frobnicate", 1, StatementVerb.Other)]
    public void Statements_are_counted_and_the_main_word_found(string sql, int count, object verb)
    {
        var shape = StatementShape.Of(sql);

        Assert.Equal((count, (StatementVerb)verb), (shape.Statements, shape.Verb));
    }

    [Theory]
    [InlineData("select * from t for update", ShapeMarks.LocksRows)]
    [InlineData("select * from t for no key update of t", ShapeMarks.LocksRows)]
    [InlineData("select * from t limit 1for share", ShapeMarks.LocksRows)]
    [InlineData("select a into b from t", ShapeMarks.SelectsInto)]
    [InlineData("insert into t values (1) returning a", ShapeMarks.Returns)]
    [InlineData("with x as (insert into t values (1)) select 1", ShapeMarks.ModifiesInWith)]
    [InlineData("with x as (update t set a = 1) select 1", ShapeMarks.ModifiesInWith)]
    [InlineData("with a(n) as not materialized (select 1), b as materialized (delete from t) insert into u select 1",
        ShapeMarks.ModifiesInWith)]
    [InlineData("with recursive x as (merge into t using s on true when matched then delete), y as (select 1) select 1",
        ShapeMarks.ModifiesInWith)]
    [InlineData("with x as (with y as (select 1) delete from t) select 1", ShapeMarks.ModifiesWithin)]
    [InlineData("with x as ((delete from t)) select 1", ShapeMarks.ModifiesWithin)]
    [InlineData("with x as (select 1) select * from (delete from t) as y", ShapeMarks.ModifiesWithin)]
    [InlineData("with x as (select (delete from t)) select 1", ShapeMarks.ModifiesWithin)]
    [InlineData("with x as (select 1) search depth first by a set b delete from t", ShapeMarks.ModifiesWithin)]
    [InlineData("select * from (with x as (delete from t) select 1) as y", ShapeMarks.ModifiesWithin)]
    [InlineData("(with x as (delete from t) select 1)", ShapeMarks.ModifiesWithin)]
    [InlineData("select 1 operator(public.+) 1", ShapeMarks.NamesOperator)]
    [InlineData("select 1 operator(pg_catalog.+) 1", ShapeMarks.None)]
    [InlineData("select xmin from t", ShapeMarks.SystemColumn)]
    [InlineData("select t.\"ctid\" from t", ShapeMarks.SystemColumn)]
    [InlineData("update t set a = txid_current()", ShapeMarks.TransactionFunction)]
    [InlineData("select u&\"\\0061\" from t", ShapeMarks.UnicodeName)]
    [InlineData("select * from pg_temp.t", ShapeMarks.TemporarySchema)]
    [InlineData("select 'a", ShapeMarks.Unterminated)]
    [InlineData("select \\", ShapeMarks.UnknownCharacter)]
    [InlineData("select current_setting('lock_timeout')", ShapeMarks.ReadsSetting)]
    [InlineData("select current_setting($1)", ShapeMarks.ReadsSetting)]
    [InlineData("select current_setting('app.tenant', true), current_setting('app.tenant'::text)", ShapeMarks.None)]
    [InlineData("insert into t values (1) on conflict (a) do update set a = excluded.a", ShapeMarks.None)]
    [InlineData("merge into t using s on t.a = s.a when matched then update set a = 1 when not matched then insert values (1)",
        ShapeMarks.None)]
    [InlineData("select substring(a from 1 for 2), t.update from t", ShapeMarks.None)]
    public void Marks_are_seen_where_they_are_and_nowhere_else(string sql, object marks) =>
        Assert.Equal((ShapeMarks)marks, StatementShape.Of(sql).Marks);

    [Theory]
    [InlineData("insert into t (a) values (1)", null, "t")]
    [InlineData("INSERT INTO Shop.\"Order\" AS o VALUES (1)", "shop", "Order")]
    [InlineData("update only t set a = 1", null, "t")]
    [InlineData("delete from db.s.t where a = 1", "s", "t")]
    [InlineData("merge into t using s on true when matched then delete", null, "t")]
    [InlineData("with x as (select 1) update t set a = 1", null, "t")]
    public void The_target_of_a_write_is_found(string sql, string? schema, string name) =>
        Assert.Equal(new CatalogueName(schema, name), StatementShape.Of(sql).Target);

    [Fact]
    public void Names_come_with_every_use_that_they_may_have()
    {
        var names = StatementShape.Of("select s.F (x), (r).g, t.c::mood, lower(\"A\") from s.t where a in (1) and b between 1 and 2")
            .Names.ToDictionary(name => name.Key.ToString(), name => name.Value);

        Assert.Equal(NameUse.Object | NameUse.Called, names["s.f"]);
        Assert.Equal(NameUse.Field, names["g"]);
        Assert.Equal(NameUse.Object, names["t.c"]);
        Assert.Equal(NameUse.Field, names["c"]);
        Assert.Equal(NameUse.Object, names["mood"]);
        Assert.Equal(NameUse.Object | NameUse.Called, names["lower"]);
        Assert.Equal(NameUse.Object, names["A"]);
        Assert.Equal(NameUse.Object, names["s.t"]);
        Assert.DoesNotContain("select", names.Keys);
        Assert.DoesNotContain("in", names.Keys);
    }

    [Fact]
    public void Comments_between_a_name_and_its_parenthesis_hide_no_call() =>
        Assert.Contains(
            StatementShape.Of("select set_config /* ( */ -- x\n ('a.b', 'c', false)").Names,
            name => name is { Key.Name: "set_config", Value: NameUse.Object | NameUse.Called });

    [Theory]
    [InlineData("a like b", "!~~ <> = ~~")]
    [InlineData("a ilike b", "!~~* <> = ~~*")]
    [InlineData("a similar to b", "!~ <> = ~")]
    [InlineData("a between 1 and 2", "< <= <> = > >=")]
    [InlineData("a != b", "<> =")]
    [InlineData("f(a => 1)", "<> =")]
    [InlineData("a @> b", "<> = @>")]
    public void Operators_are_listed_also_those_behind_words(string condition, string operators) =>
        Assert.Equal(operators, string.Join(' ', StatementShape.Of($"values ({condition})").Operators));

    [Theory]
    [InlineData("select 1", 0)]
    [InlineData("select $1, $12, $2", 12)]
    [InlineData("select $99999999999", 65_536)]
    public void The_highest_parameter_is_told(string sql, int highest) =>
        Assert.Equal(highest, StatementShape.Of(sql).HighestParameter);

    [Theory]
    [InlineData("select a from t where b = 1", "SELECT a\n from t /* x */ where b = 'x'", true)]
    [InlineData("select a from t where b in (1, 2)", "select a from t where b in (1, 2, 3)", true)]
    [InlineData("select a from t", "select b from t", false)]
    [InlineData("select \"a\" from t", "select \"A\" from t", false)]
    [InlineData("select a b", "select ab", false)]
    public void Fingerprints_differ_when_more_than_literals_differs(string one, string other, bool same) =>
        Assert.Equal(same, StatementShape.Of(one).Fingerprint == StatementShape.Of(other).Fingerprint);

    [Theory]
    [InlineData("", true)]
    [InlineData(" \n\t", true)]
    [InlineData("-- a word", true)]
    [InlineData("/* a /* nested */ word */ ; -- and\n ;", true)]
    [InlineData("-- a comment\nselect 1", false)]
    [InlineData("select 1", false)]
    [InlineData("(select 1)", false)]
    [InlineData("é", false)]
    public void A_text_is_blank_when_it_holds_nothing_but_blanks_and_comments(string sql, bool blank) =>
        Assert.Equal(blank, StatementShape.IsBlank(sql));
}
