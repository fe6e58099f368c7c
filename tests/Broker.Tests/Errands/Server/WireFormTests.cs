using System.Collections;
using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Protocol.Values;
using Broker.Tests.Hosting;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>What the server's types are read as has a wire form, or the one who asked is told.</summary>
public sealed class WireFormTests : BrokerStage
{
    private const string Crossing = """
        select true, 1::int2, 2, 3::int8, 1.5::float4, 2.5::float8, 10.20::numeric, -0.000001::numeric, 'text'::text, 'v'::varchar(9), 'c'::char(3), 'n'::name,
            'x'::"char", '12.50'::money, '\x0102'::bytea, '11111111-2222-3333-4444-555555555555'::uuid, date '2026-02-03', time '04:05:06.789',
            timestamp '2026-02-03 04:05', timestamptz '2026-02-03 04:05+02', interval '1 day 2 hours', timetz '04:05+03', 7::oid, '8'::xid, '9'::xid8,
            b'1', b'101', '101'::varbit, '{"a":1}'::json, '{"a":[1,null]}'::jsonb, '$.a'::jsonpath, '<a/>'::xml, inet '10.0.0.1', inet '::1', cidr '10.0.0.0/8',
            macaddr '08:00:2b:01:02:03', macaddr8 '08:00:2b:01:02:03:04:05', int4range(1, 5), numrange(null, 2.5), daterange('2026-01-01', null),
            tstzrange('2026-01-01', '2026-02-01'), 'empty'::int8range, array[1,2], array[1,null,3], array[[1,2],[3,4]], '{}'::int[], array['a',null], array[true],
            array[timestamptz '2026-02-03 04:05+02'], array['11111111-2222-3333-4444-555555555555'::uuid], array['\x01'::bytea], '1 2'::int2vector, '1 2'::oidvector,
            null::point, null::tsvector, null::int4
        """;

    private static readonly string[] Staying =
    [
        "point(1,2)", "line(point(0,0),point(1,1))", "lseg(point(0,0),point(1,1))", "box(point(0,0),point(1,1))",
        "path(polygon '((0,0),(1,1))')",
        "polygon '((0,0),(1,1))'", "circle(point(0,0),1)", "to_tsvector('simple', 'a b')", "to_tsquery('simple', 'a')", "'(0,1)'::tid",
        "'0/1'::pg_lsn",
        "array[point(1,2)]", "row(1,'a')",
    ];

    [Fact]
    public async Task Values_of_the_servers_types_come_back_as_they_were()
    {
        StartBroker("", null, "");
        var completed = Assert.IsType<ErrandCompleted>(await AnswerAsync(Crossing));
        var read = Assert.IsType<ErrandCompleted>(Reread(completed));
        Assert.All(completed.Rows.Columns.Zip(read.Rows.Columns), static pair =>
        {
            Assert.Equal(pair.First.Description, pair.Second.Description);
            Assert.Equal(Listed(pair.First.GetValue(0)), Listed(pair.Second.GetValue(0)));
        });
    }

    [Fact]
    public async Task A_value_of_a_type_that_only_the_driver_has_is_refused_and_so_it_is_said()
    {
        StartBroker("", null, "");
        foreach (var value in Staying)
        {
            var answer = await AnswerAsync($"select 1 as one, {value} as here");
            var failure = Assert.IsType<ResultMismatch>(answer is ErrandCompleted
                ? Assert.IsType<Refused>(Reread(answer)).Failure
                : Assert.IsType<Refused>(answer).Failure);
            Assert.Contains("\"here\"", failure.Reason, StringComparison.Ordinal);
            Assert.Contains("for example to text", failure.Reason, StringComparison.Ordinal);
            Assert.IsType<ErrandCompleted>(Reread(await AnswerAsync($"select ({value})::text as here")));
        }
    }

    private static object?[] Listed(object? value) =>
        value is Array or BitArray ? [.. ((IEnumerable)value).Cast<object?>().SelectMany(Listed)] : [value];

    private static object Reread(object message)
    {
        var codec = new MessageCodec(new NoReferences());
        using var writer = new MessageWriter();
        codec.Write(writer, message);
        return codec.Read(new MessageReader(writer.Written));
    }

    private async Task<IBrokerReply> AnswerAsync(string text)
    {
        var pool = (await Broker.Sender.Pools.FindAsync("orders", null)).Supervisor;
        return await pool.Ask<IBrokerReply>(new RunErrand(Broker.Sender.NextId(), new Statement(text), CallerContext.None,
            ErrandLimits.Default), TimeSpan.FromSeconds(30));
    }

    private sealed class NoReferences : IReferenceTable
    {
        public long NumberOf(IActorRef reference) => 0;

        public IActorRef Find(long number) => ActorRefs.Nobody;
    }
}
