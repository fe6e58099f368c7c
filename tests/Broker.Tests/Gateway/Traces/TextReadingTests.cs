using Broker.Gateway.Traces;
using Broker.Statements;
using Xunit;

namespace Broker.Tests.Gateway.Traces;

/// <summary>What a text leaves behind by its verbs, and what in it the catalogue has to be asked about.</summary>
public sealed class TextReadingTests
{
    [Theory]
    [InlineData("")]
    [InlineData("-- nothing")]
    [InlineData("begin isolation level serializable")]
    [InlineData("start transaction")]
    [InlineData("end")]
    [InlineData("rollback to savepoint a")]
    [InlineData("release a")]
    [InlineData("prepare transaction 'a'")]
    [InlineData("commit prepared 'a'")]
    [InlineData("show work_mem")]
    [InlineData("fetch all from c")]
    [InlineData("close all")]
    [InlineData("lock table t")]
    [InlineData("set local work_mem = 1; begin; commit")]
    public void It_leaves_nothing(string text)
    {
        var reading = TextReading.Of(text);

        Assert.Equal((SessionTrace.None, true, false), (reading.Trace, reading.Parts.IsEmpty, reading.MayPack));
    }

    [Theory]
    [InlineData("listen a")]
    [InlineData("unlisten *")]
    [InlineData("prepare a as select 1")]
    [InlineData("prepare transaction as select 1")]
    [InlineData("execute a")]
    [InlineData("deallocate all")]
    [InlineData("discard temp")]
    [InlineData("load 'a'")]
    [InlineData("do $$ begin end $$")]
    [InlineData("call p()")]
    [InlineData("create temp table t (a int)")]
    [InlineData("declare c cursor with hold for select 1")]
    [InlineData("declare c cursor for execute a")]
    [InlineData("copy t to '/tmp/a'")]
    [InlineData("copy t from program 'ls'")]
    [InlineData("copy t from stdin where f(a)")]
    [InlineData("explain create temp table t as select 1")]
    [InlineData("explain (select set_config('a', 'b', false))")]
    [InlineData("explain execute a")]
    [InlineData("begin; listen a; commit")]
    [InlineData("select 1; set work_mem = 1")]
    public void It_may_leave_something(string text)
    {
        var reading = TextReading.Of(text);

        Assert.True(reading.Trace.IsDirty);
        Assert.Null(reading.Trace.Change);
        Assert.False(reading.MayPack);
    }

    [Theory]
    [InlineData("deallocate a", "a")]
    [InlineData("DEALLOCATE PREPARE Abc;", "abc")]
    [InlineData("deallocate prepare", "prepare")]
    [InlineData("deallocate \"A \"\"b\"", "A \"b")]
    [InlineData("deallocate \"all\"", "all")]
    public void A_statement_that_is_deallocated_is_named_as_the_server_would(string text, string name) =>
        Assert.Equal(SessionTrace.Unknown with { Deallocates = name }, TextReading.Of(text).Trace);

    [Theory]
    [InlineData("deallocate all", true)]
    [InlineData("deallocate prepare all", true)]
    [InlineData("discard all", true)]
    [InlineData("select 1; deallocate all; listen a", true)]
    [InlineData("discard temp", false)]
    [InlineData("deallocate a; deallocate b", false)]
    [InlineData("listen a", false)]
    public void What_may_end_all_prepared_statements_is_known(string text, bool ends) =>
        Assert.Equal((true, ends, null),
            (TextReading.Of(text).Trace.IsDirty, TextReading.Of(text).Trace.EndsStatements, TextReading.Of(text).Trace.Deallocates));

    [Theory]
    [InlineData("declare c no scroll cursor without hold for select f(a) from t", "select f(a) from t")]
    [InlineData("declare cursor cursor for select 1", "select 1")]
    [InlineData("copy t (a, b) from stdin with (format csv)", "insert into t default values")]
    [InlineData("copy binary \"A\".t to stdout", "select from \"A\".t")]
    [InlineData("copy (select f(a) from t) to stdout", "select f(a) from t")]
    [InlineData("explain (costs off) select f(1)", "select f(1)")]
    [InlineData("explain analyze verbose delete from t", "delete from t")]
    public void What_is_within_it_is_judged(string text, string inner)
    {
        var reading = TextReading.Of(text);
        var (found, wanted) = (Assert.Single(reading.Parts), StatementShape.Of(inner));

        Assert.Equal((SessionTrace.None, false), (reading.Trace, reading.MayPack));
        Assert.Equal((wanted.Verb, wanted.Target), (found.Verb, found.Target));
        Assert.Equal(wanted.Names.AsEnumerable(), found.Names);
    }

    [Fact]
    public void Each_of_several_statements_is_judged() =>
        Assert.Equal([StatementVerb.Insert, StatementVerb.Select],
            TextReading.Of("begin; insert into t values ('a;b', (1)); select f(';') /* ; */; commit").Parts
                .Select(static part => part.Verb));

    [Theory]
    [InlineData("select 1", true)]
    [InlineData("with a as (select 1) select * from a;", true)]
    [InlineData("insert into t values (1)", true)]
    [InlineData("with a as (insert into t values (1) returning *) select * from a", true)]
    [InlineData("copy t from stdin", false)]
    [InlineData("select 1; select 2", false)]
    [InlineData("explain select 1", false)]
    public void One_read_or_write_may_share_a_trip(string text, bool may) => Assert.Equal(may, TextReading.Of(text).MayPack);
}
