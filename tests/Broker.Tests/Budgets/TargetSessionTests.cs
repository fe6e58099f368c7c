using System.Collections.Immutable;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Xunit;

namespace Broker.Tests.Budgets;

public sealed class TargetSessionTests
{
    private static readonly PoolId Pool = new("orders", "app");

    [Theory]
    [InlineData(TargetSessionAttributes.Any, true, true, true)]
    [InlineData(TargetSessionAttributes.ReadWrite, true, false, false)]
    [InlineData(TargetSessionAttributes.ReadOnly, false, true, true)]
    [InlineData(TargetSessionAttributes.Primary, true, true, false)]
    [InlineData(TargetSessionAttributes.Standby, false, false, true)]
    [InlineData(TargetSessionAttributes.PreferStandby, true, true, true)]
    public void A_primary_a_read_only_primary_and_a_standby_fit_as_in_libpq(TargetSessionAttributes wanted, bool primary, bool readOnly,
        bool standby) =>
        Assert.Equal((primary, readOnly, standby), (
            TargetSession.Fits(wanted, new SessionFacts(InRecovery: false, ReadOnly: false)),
            TargetSession.Fits(wanted, new SessionFacts(InRecovery: false, ReadOnly: true)),
            TargetSession.Fits(wanted, new SessionFacts(InRecovery: true, ReadOnly: true))));

    [Fact]
    public void A_refusal_names_the_host_what_it_is_and_what_was_wanted()
    {
        var refusal = TargetSession.Check(Pool, "db2:5432", TargetSessionAttributes.ReadWrite, new SessionFacts(true, true));

        Assert.Equal("pool orders~app cannot connect to db2:5432: it is a standby (target-session-attrs is read-write)", refusal?.Message);
    }

    [Fact]
    public void Prefer_standby_asks_all_hosts_for_a_standby_before_it_takes_any()
    {
        Assert.Equal([TargetSessionAttributes.Standby, TargetSessionAttributes.Any],
            TargetSession.Passes(TargetSessionAttributes.PreferStandby).ToArray());
        Assert.Equal([TargetSessionAttributes.Primary], TargetSession.Passes(TargetSessionAttributes.Primary).ToArray());
    }

    [Fact]
    public void Hosts_are_tried_as_written_unless_they_are_balanced()
    {
        ImmutableArray<HostEndpoint> hosts = [.. Enumerable.Range(1, 5).Select(number => new HostEndpoint($"db{number}", 5432))];

        Assert.Equal(hosts, TargetSession.Order(hosts, balance: false, new Random(1)));

        var orders = Enumerable.Range(1, 50).Select(seed => TargetSession.Order(hosts, balance: true, new Random(seed))).ToArray();
        Assert.All(orders, order => Assert.Equal(hosts, order.OrderBy(host => host.Host)));
        Assert.Equal(5, orders.Select(order => order[0]).Distinct().Count());
    }

    [Theory]
    [InlineData(120_022, "12.22")]
    [InlineData(190_000, "19.0")]
    [InlineData(90_624, "9.6.24")]
    public void A_server_of_another_version_is_refused_by_its_name(int number, string name) =>
        Assert.Equal(name, Assert.IsType<VersionUnsupported>(ServerVersion.Check(Pool, "db:5432", number)).Version);

    [Theory]
    [InlineData(130_000)]
    [InlineData(150_020)]
    [InlineData(180_099)]
    public void Versions_13_to_18_are_supported(int number) => Assert.Null(ServerVersion.Check(Pool, "db:5432", number));
}
