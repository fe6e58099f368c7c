using System.Diagnostics;
using Broker.Client;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Diagnostics;
using Xunit;

namespace Broker.Tests.Diagnostics;

public sealed class LeaseActivityTests : IDisposable
{
    private static readonly PoolId Orders = new("orders", "app");

    private readonly Traced _traced = new();

    public void Dispose() => _traced.Dispose();

    [Fact]
    public void A_lease_is_one_activity_from_request_to_return_with_its_wait_as_a_child()
    {
        var activity = LeaseActivity.Start("orders", "nightly report", TracingOptions.Default);
        activity.Lent(Orders, new ConnectionId(3), new LeaseId(17), 4711);
        var wait = _traced.Single("wait");
        Assert.DoesNotContain(_traced.Stopped, one => one.OperationName == "lease orders");
        activity.Returned();

        var lease = _traced.Single("lease orders");
        Assert.Equal(_traced.Root.SpanId, lease.ParentSpanId);
        Assert.Equal(lease.SpanId, wait.ParentSpanId);
        Assert.Equal(
            ("postgresql", "orders", "orders~app", "c3", "l17", 4711, "nightly report"),
            (lease.GetTagItem("db.system.name"), lease.GetTagItem("db.namespace"), lease.GetTagItem("broker.pool"),
                lease.GetTagItem("broker.connection"),
                lease.GetTagItem("broker.lease"), lease.GetTagItem("broker.backend.pid"), lease.GetTagItem("broker.lease.purpose")));
    }

    [Fact]
    public void A_lease_refused_ends_its_activity_with_the_reason()
    {
        LeaseActivity.Start("orders", "", TracingOptions.Default).Refused(new BrokerException(new SelfStarved(Orders, 15)));

        var lease = _traced.Single("lease orders");
        Assert.Equal((ActivityStatusCode.Error, "self-starved"), (lease.Status, lease.GetTagItem("error.type")));
        Assert.NotNull(_traced.Single("wait"));
    }

    [Fact]
    public async Task Asking_and_returning_leave_the_callers_current_activity_alone_on_whatever_thread()
    {
        var activity = LeaseActivity.Start("orders", "", TracingOptions.Default);
        Assert.Same(_traced.Root, Activity.Current);

        await Task.Run(() =>
        {
            using var other = new Activity("other").Start();
            activity.Returned();
            Assert.Same(other, Activity.Current);
        });
        activity.Returned();

        Assert.Single(_traced.Stopped, one => one.OperationName == "lease orders");
    }

    [Fact]
    public void With_traces_off_a_lease_has_no_activity_and_telling_it_allocates_nothing()
    {
        var off = new TracingOptions(Enabled: false);
        Tell();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Tell();
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Empty(_traced.Stopped);

        void Tell()
        {
            var activity = LeaseActivity.Start("orders", "", off);
            activity.Lent(Orders, new ConnectionId(3), new LeaseId(17), 4711);
            activity.Returned();
        }
    }
}
