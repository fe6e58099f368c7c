using System.Collections.Concurrent;
using System.Diagnostics;
using Akka.Actor;
using Akka.TestKit.Xunit2;
using Broker.Client;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Platforms;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Diagnostics;

public sealed class ErrandActivityTests() : TestKit(Patience.Hocon)
{
    private static readonly Failure Duplicate = new StatementFailed("23505", "Key (email)=(ann@example.org) already exists.");

    [Fact]
    public async Task A_statement_is_one_client_activity_named_by_the_servers_verb_and_the_database()
    {
        using var traced = new Traced();

        await Client(new ErrandCompleted("UPDATE", 3, RowSet.Empty)).ExecuteAsync("orders", $"update t set a = {7}");

        var errand = traced.Single("orders");
        Assert.Equal((ActivityKind.Client, "UPDATE orders"), (errand.Kind, errand.DisplayName));
        Assert.Equal(traced.Root.SpanId, errand.ParentSpanId);
        Assert.Equal(ActivityStatusCode.Unset, errand.Status);
        Assert.Equal(
            ("postgresql", "orders", "UPDATE", "orders~app"),
            (errand.GetTagItem("db.system.name"), errand.GetTagItem("db.namespace"), errand.GetTagItem("db.operation.name"),
                errand.GetTagItem("broker.pool")));
        Assert.Null(errand.GetTagItem("db.query.text"));
    }

    [Fact]
    public async Task The_request_carries_the_activity_so_that_the_broker_can_add_to_it()
    {
        using var traced = new Traced();

        await Client(new ErrandCompleted("SELECT", -1, RowSet.Empty)).ExecuteAsync("orders", $"select 1");

        Assert.Equal(traced.Single("orders").Id, Assert.Single(_requests).TraceParent);
    }

    [Fact]
    public async Task A_failure_is_told_by_its_code_and_never_by_its_text()
    {
        using var traced = new Traced();

        await Assert.ThrowsAsync<BrokerException>(async () => await Client(new Refused(Duplicate))
            .ExecuteAsync("orders", $"insert into t values (1)"));

        var errand = traced.Single("orders");
        Assert.Equal((ActivityStatusCode.Error, "statement-failed"), (errand.Status, errand.StatusDescription));
        Assert.Equal(("23505", "23505"), (errand.GetTagItem("error.type"), errand.GetTagItem("db.response.status_code")));
        Assert.DoesNotContain(errand.TagObjects, tag => tag.Value is string text && text.Contains("ann@", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refusal_of_the_broker_has_its_code_as_the_type_of_error()
    {
        using var traced = new Traced();

        await Assert.ThrowsAsync<BrokerException>(
            async () => await Client(new Refused(new SelfStarved(new PoolId("orders", "app"), 15))).ExecuteAsync("orders", $"select 1"));

        Assert.Equal("self-starved", traced.Single("orders").GetTagItem("error.type"));
        Assert.Null(traced.Single("orders").GetTagItem("db.response.status_code"));
    }

    [Fact]
    public async Task The_text_is_told_only_when_asked_for_and_never_a_parameter()
    {
        using var traced = new Traced();

        await Client(new ErrandCompleted("SELECT", -1, RowSet.Empty), new TracingOptions(StatementTexts: true))
            .ExecuteAsync("orders", $"select {"secret"}");

        var errand = traced.Single("orders");
        Assert.Equal("select $1", errand.GetTagItem("db.query.text"));
        Assert.DoesNotContain(errand.TagObjects, tag => tag.Value is string text && text.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_callers_current_activity_is_left_alone_while_statements_run()
    {
        using var traced = new Traced();
        var client = Client(new ErrandCompleted("SELECT", -1, RowSet.Empty));

        var first = client.ExecuteAsync("orders", $"select 1");
        Assert.Same(traced.Root, Activity.Current);
        var second = client.ExecuteAsync("orders", $"select 2");
        await first;
        await second;

        Assert.Same(traced.Root, Activity.Current);
        Assert.All(traced.Stopped, errand => Assert.Equal(traced.Root.SpanId, errand.ParentSpanId));
        Assert.Equal(2, traced.Stopped.Count());
    }

    [Fact]
    public async Task With_traces_off_a_request_carries_no_activity_and_none_is_told()
    {
        using var traced = new Traced();

        await Client(new ErrandCompleted("SELECT", -1, RowSet.Empty), new TracingOptions(Enabled: false))
            .ExecuteAsync("orders", $"select 1");

        Assert.Null(Assert.Single(_requests).TraceParent);
        Assert.Empty(traced.Stopped);
    }

    private readonly ConcurrentQueue<RunErrand> _requests = new();

    /// <summary>A client of a broker that gives one answer to everything.</summary>
    private BrokerClient Client(IBrokerReply answer, TracingOptions? tracing = null)
    {
        var requests = _requests;
        var broker = Sys.ActorOf(Props.Create(() => new OneAnswer(answer, requests)));
        return new BrokerClient(broker, Sys, tracing);
    }

    private sealed class OneAnswer : ReceiveActor
    {
        public OneAnswer(IBrokerReply answer, ConcurrentQueue<RunErrand> requests)
        {
            Receive<FindPool>(find => Sender.Tell(new PoolFound(new PoolId(find.Database, "app"), Self)));
            Receive<RunErrand>(run =>
            {
                requests.Enqueue(run);
                Sender.Tell(answer);
            });
        }
    }
}
