using System.Diagnostics;
using Akka.Actor;
using Akka.TestKit.Xunit2;
using Broker.Client;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Tests.Platforms;
using Xunit;

namespace Broker.Tests.Diagnostics;

public sealed class StreamActivityTests() : TestKit(Patience.Hocon)
{
    private static readonly PoolId Orders = new("orders", "app");

    [Fact]
    public async Task Streamed_rows_are_one_activity_from_the_call_to_the_last_row_with_their_wait_as_a_child()
    {
        using var traced = new Traced();

        await foreach (var row in Client(id => new StreamEnded(id, 0)).StreamAsync<int>("orders", $"select {"secret"}"))
        {
            Assert.Fail($"no row was sent, but {row} came");
        }

        var stream = traced.Single("orders");
        Assert.Equal((ActivityKind.Client, traced.Root.SpanId), (stream.Kind, stream.ParentSpanId));
        Assert.Equal(("rows", "orders~app", "select $1"),
            (stream.GetTagItem("broker.stream"), stream.GetTagItem("broker.pool"), stream.GetTagItem("db.query.text")));
        Assert.Equal(stream.SpanId, traced.Single("wait").ParentSpanId);
        Assert.Same(traced.Root, Activity.Current);
    }

    [Fact]
    public async Task A_copy_is_named_by_its_verb_and_ends_when_it_is_disposed_early()
    {
        using var traced = new Traced();

        var copy = await Client(id => new StreamBytes(id, new byte[1])).CopyOutAsync("orders", $"copy t to stdout");
        Assert.DoesNotContain(traced.Stopped, one => one.OperationName == "COPY orders");
        await copy.DisposeAsync();

        var stream = traced.Single("COPY orders");
        Assert.Equal(("COPY", "copy_out"), (stream.GetTagItem("db.operation.name"), stream.GetTagItem("broker.stream")));
        Assert.Equal(ActivityStatusCode.Unset, stream.Status);
    }

    [Fact]
    public async Task A_stream_that_breaks_off_ends_its_activity_with_the_reason()
    {
        using var traced = new Traced();

        await Assert.ThrowsAsync<BrokerException>(async () =>
        {
            await foreach (var _ in Client(_ => new Refused(new ConnectionLost(Orders, "gone"))).StreamAsync<int>("orders", $"select 1"))
            {
            }
        });

        Assert.Equal((ActivityStatusCode.Error, "connection-lost"),
            (traced.Single("orders").Status, traced.Single("orders").GetTagItem("error.type")));
    }

    /// <summary>A client of a broker that opens every stream and answers each demand the same.</summary>
    private BrokerClient Client(Func<ErrandId, IBrokerReply> answer)
    {
        var broker = Sys.ActorOf(Props.Create(() => new OneStream(answer)));
        return new BrokerClient(broker, Sys, new TracingOptions(StatementTexts: true));
    }

    private sealed class OneStream : ReceiveActor
    {
        public OneStream(Func<ErrandId, IBrokerReply> answer)
        {
            Receive<FindPool>(find => Sender.Tell(new PoolFound(new PoolId(find.Database, "app"), Self)));
            Receive<OpenStream>(open => Sender.Tell(new StreamOpened(open.Id, Self)));
            Receive<DemandChunks>(demand => Sender.Tell(answer(demand.Id)));
            Receive<CloseStream>(_ => { });
        }
    }
}
