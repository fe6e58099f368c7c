using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Errands;
using Broker.Postgres;
using Broker.Statements;
using Npgsql;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>A text that does something else than it seems to say costs its connection, and never shares a trip again.</summary>
public sealed class CommandTagTests
{
    [Theory]
    [InlineData(nameof(StatementVerb.Select), "select 1")]
    [InlineData(nameof(StatementVerb.Values), "values (1)")]
    [InlineData(nameof(StatementVerb.Table), "table things")]
    [InlineData(nameof(StatementVerb.Insert), "insert into things values (1)")]
    [InlineData(nameof(StatementVerb.Insert), "with new as (select 2 as id) insert into things select id from new")]
    [InlineData(nameof(StatementVerb.Update), "update things set id = id")]
    [InlineData(nameof(StatementVerb.Delete), "delete from things")]
    [InlineData(nameof(StatementVerb.Insert), "insert into ruled values (1)")]
    public async Task The_tag_that_is_expected_is_the_one_that_comes(string verb, string text) =>
        Assert.IsType<TripOutcome.Clean>(await RunAsync(TripShape.Alone, Facts(text, Enum.Parse<StatementVerb>(verb))));

    [Theory]
    [InlineData(nameof(TripShape.Alone))]
    [InlineData(nameof(TripShape.WriteGroup))]
    [InlineData(nameof(TripShape.Barrier))]
    public async Task Another_one_costs_the_connection_and_the_answers_stand(string shape)
    {
        var odd = Facts("delete from things", StatementVerb.Update);
        var outcome = Assert.IsType<TripOutcome.Unusable>(await RunAsync(Enum.Parse<TripShape>(shape),
            Facts("insert into things values (1)", StatementVerb.Insert), odd));
        Assert.Equal(CloseReason.Breach, outcome.Reason);
        Assert.Contains("delete from things", outcome.Cause, StringComparison.Ordinal);
        Assert.Equal([(odd.Text, ClassReason.OtherTag)], outcome.Report.AloneForEver.Select(one => (one.Text, one.Class.Reason)));
        Assert.Empty(outcome.Report.RunAgain);
        Assert.All(outcome.Due, due => Assert.IsType<ErrandCompleted>(due.Reply));
    }

    private static TextFacts Facts(string text, StatementVerb verb) => new(
        text, verb.ToString().ToUpperInvariant(), verb.IsRead() ? Travel.InReadGroup : Travel.InWriteGroup, Writes: !verb.IsRead(),
            ReturnsRows: verb.IsRead())
    {
        Tag = CommandTags.Of(verb),
    };

    private static async Task<TripOutcome> RunAsync(TripShape shape, params TextFacts[] texts)
    {
        await using var source = NpgsqlDataSource.Create(await SharedPostgres.CreateDatabaseAsync());
        await using var connection = await source.OpenConnectionAsync();
        await using (var schema = new NpgsqlCommand(
            "create table things (id int); create table ruled (id int); create rule elsewhere as on insert to ruled do instead update things set id = new.id", connection))
        {
            await schema.ExecuteNonQueryAsync();
        }
        var runner = new TripRunner(new PoolId("orders", "app"), new TripLimits(TimeSpan.FromMilliseconds(20), 65_536, 1_000_000, 16),
            TimeProvider.System);
        if (shape == TripShape.Alone)
        {
            texts = [texts[^1]];
        }
        ImmutableArray<Errand> members =
        [
            .. texts.Select((text, i) => new Errand(
                new RunErrand(new ErrandId(0, i), new Statement(text.Text), CallerContext.None, ErrandLimits.Default), ActorRefs.Nobody,
                    text, new SharedEstimate(), 0, long.MaxValue)),
        ];
        return await runner.RunAsync(connection, new Trip(shape, TripLane.Writes, CallerContext.None, members));
    }
}
