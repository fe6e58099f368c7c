using System.Diagnostics.Metrics;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Connections;
using Broker.Diagnostics;
using Broker.Errands;
using Broker.Gateway.Clients;
using Broker.Gateway.Links;
using Xunit;

namespace Broker.Tests.Diagnostics;

public sealed class PoolTelemetryTests : IDisposable
{
    private static readonly PoolId Orders = new("orders", "app");
    private static readonly Failure Exhausted = new PoolExhausted(Orders, 15, 15, 40, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30));
    private static readonly Failure Duplicate = new StatementFailed("23505", "duplicate key");

    private readonly Meters _factory = new();

    public void Dispose() => _factory.Dispose();

    [Fact]
    public void The_meter_has_the_instruments_of_the_conventions_with_their_units()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);

        var conventions = recorded.Instruments.Where(one => one.Name.StartsWith("db.", StringComparison.Ordinal))
            .Select(one => $"{one.Name} {one.Unit}");

        Assert.Equal(
            [
                "db.client.connection.count {connection}",
                "db.client.connection.create_time s",
                "db.client.connection.idle.max {connection}",
                "db.client.connection.idle.min {connection}",
                "db.client.connection.max {connection}",
                "db.client.connection.pending_requests {request}",
                "db.client.connection.timeouts {timeout}",
                "db.client.connection.use_time s",
                "db.client.connection.wait_time s",
                "db.client.operation.duration s",
            ],
            conventions.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_instrument_of_ours_is_named_in_lower_case_with_dots_and_has_a_unit_and_a_description()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);

        var ours = recorded.Instruments.Where(one => !one.Name.StartsWith("db.", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(ours);
        Assert.All(ours, one =>
        {
            Assert.Matches("^broker(\\.[a-z]+(_[a-z]+)*)+$", one.Name);
            Assert.Matches("^(s|\\{[a-z]+\\})$", one.Unit);
            Assert.EndsWith(".", one.Description, StringComparison.Ordinal);
        });
        Assert.Equal(ours.Count, ours.Select(one => one.Name).Distinct().Count());
    }

    [Fact]
    public void Every_instrument_is_described_in_the_page_of_metrics_and_the_page_describes_no_other()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        var page = File.ReadAllText(Pages.Metrics);

        var described = page.Split('\n')
            .Where(line => line.StartsWith("| `db.client.", StringComparison.Ordinal)
                || line.StartsWith("| `broker.", StringComparison.Ordinal))
            .Select(line => line.Split('|').Select(cell => cell.Trim().Trim('`')).ToArray())
                .Where(cells => cells.Length > 4 && cells[2].Length > 0 && IsKind(cells[2]))
            .Select(cells => $"{cells[1]} {cells[3]}");

        Assert.Equal(recorded.Instruments.Select(one => $"{one.Name} {one.Unit}").Order(StringComparer.Ordinal),
            described.Order(StringComparer.Ordinal));

        static bool IsKind(string cell) => cell is "counter" or "histogram" or "gauge" or "up-down counter";
    }

    [Fact]
    public void Times_are_recorded_in_seconds_under_the_pools_name()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        using var pool = meter.ForPool(Orders, Settings());

        pool.ConnectionOpened(TimeSpan.FromMilliseconds(12));
        pool.LeaseWaited(TimeSpan.FromMilliseconds(250));
        pool.LeaseUsed(TimeSpan.FromMinutes(2));
        pool.ErrandWaited(TimeSpan.FromMicroseconds(70));

        Assert.Equal(0.012, recorded.Single("db.client.connection.create_time").Value, 9);
        Assert.Equal(0.25, recorded.Single("db.client.connection.wait_time").Value, 9);
        Assert.Equal(120, recorded.Single("db.client.connection.use_time").Value, 9);
        Assert.Equal(0.00007, recorded.Single("broker.errand.wait_time").Value, 9);
        Assert.All(recorded.All, one => Assert.Equal("orders~app", one.Tags["db.client.connection.pool.name"]));
    }

    [Fact]
    public void A_lease_refused_after_its_whole_wait_is_a_timeout_and_any_other_refusal_is_none()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        using var pool = meter.ForPool(Orders, Settings());

        pool.LeaseRefused(Exhausted);
        pool.LeaseRefused(new SelfStarved(Orders, 15));

        Assert.Equal(1, recorded.Single("db.client.connection.timeouts").Value);
        Assert.Equal(["pool-exhausted", "self-starved"],
            recorded.Of("broker.lease.refused").Select(one => (string)one.Tags["error.type"]!));
    }

    [Fact]
    public void An_errand_is_counted_and_timed_once_whether_it_completes_or_fails()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        using var pool = meter.ForPool(Orders, Settings());

        pool.ErrandCompleted(TimeSpan.FromMilliseconds(3));
        pool.ErrandFailed(Duplicate, TimeSpan.FromMilliseconds(4));

        Assert.Equal(1, recorded.Single("broker.errand.completed").Value);
        Assert.Equal("23505", recorded.Single("broker.errand.refused").Tags["error.type"]);
        var durations = recorded.Of("db.client.operation.duration").ToList();
        Assert.Equal([0.003, 0.004], durations.Select(one => Math.Round(one.Value, 9)));
        Assert.All(durations, one => Assert.Equal(("postgresql", "orders"), (one.Tags["db.system.name"], one.Tags["db.namespace"])));
        Assert.Equal([null, "23505"], durations.Select(one => one.Tags.GetValueOrDefault("error.type")));
    }

    [Fact]
    public void A_trip_is_told_by_its_shape_with_its_members()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        using var pool = meter.ForPool(Orders, Settings());

        pool.TripEnded(TripShape.WriteGroup, 17, TimeSpan.FromMilliseconds(2));
        pool.ErrandsRerun(17);

        Assert.Equal("write_group", recorded.Single("broker.trip.duration").Tags["broker.trip.shape"]);
        Assert.Equal((17, "write_group"),
            (recorded.Single("broker.trip.members").Value, recorded.Single("broker.trip.members").Tags["broker.trip.shape"]));
        Assert.Equal(17, recorded.Single("broker.errand.rerun").Value);
    }

    [Fact]
    public void A_connection_closed_uncleanly_counts_as_a_ghost()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        using var pool = meter.ForPool(Orders, Settings());

        pool.ConnectionClosed(CloseReason.IdleTimeout, clean: true);
        pool.ConnectionClosed(CloseReason.Broken, clean: false);

        Assert.Equal(["idle_timeout", "broken"],
            recorded.Of("broker.connection.closed").Select(one => (string)one.Tags["broker.close.reason"]!));
        Assert.Equal(1, recorded.Single("broker.connection.ghosts").Value);
    }

    [Fact]
    public void Rare_things_are_counted_by_their_cause()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        using var pool = meter.ForPool(Orders, Settings());

        pool.LeakSeen();
        pool.LeakSeen(LeakCause.Forgotten);
        pool.LeaseRevoked();
        pool.BreachSeen();
        pool.Settled(SettledAs.RolledBack);
        pool.ConnectFailed(new LoginRefused(Orders, "db:5432", "28P01", "password authentication failed"));

        Assert.Equal(["overdue", "forgotten"], recorded.Of("broker.lease.leaks").Select(one => (string)one.Tags["broker.leak.cause"]!));
        Assert.Equal(1, recorded.Single("broker.lease.revoked").Value);
        Assert.Equal(1, recorded.Single("broker.packing.breaches").Value);
        Assert.Equal("rolled_back", recorded.Single("broker.errand.settlements").Tags["broker.settlement.outcome"]);
        Assert.Equal("login-refused", recorded.Single("broker.connection.connect_failures").Tags["error.type"]);
    }

    [Fact]
    public void The_gauges_show_what_was_told_last_and_busy_and_lent_are_both_used()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        using var pool = meter.ForPool(Orders, Settings("size = 5, overflow = 10, min-idle = 2"));

        pool.CountsChanged(new PoolCounts(9, 9, 9, 9, 9, 9));
        pool.CountsChanged(new PoolCounts(Opening: 1, Idle: 2, Busy: 3, Lent: 4, Waiting: 5, WaitingErrands: 6));
        pool.WidthChanged(7);

        var now = recorded.All;
        Assert.Equal(2, Value("db.client.connection.count", "idle"));
        Assert.Equal(7, Value("db.client.connection.count", "used"));
        Assert.Equal(5, Value("db.client.connection.idle.max"));
        Assert.Equal(2, Value("db.client.connection.idle.min"));
        Assert.Equal(15, Value("db.client.connection.max"));
        Assert.Equal(5, Value("db.client.connection.pending_requests"));
        Assert.Equal(1, Value("broker.connection.opening"));
        Assert.Equal(3, Value("broker.connection.busy"));
        Assert.Equal(4, Value("broker.connection.lent"));
        Assert.Equal(6, Value("broker.errand.pending"));
        Assert.Equal(7, Value("broker.trip.width"));

        double Value(string name, string? state = null) => Assert.Single(
            now, one => one.Name == name && (string?)one.Tags.GetValueOrDefault("db.client.connection.state") == state).Value;
    }

    [Theory]
    [InlineData("size = 0, overflow = 10")]
    [InlineData("size = 5, overflow = -1")]
    public void A_pool_without_a_limit_shows_no_maximum(string settings)
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        using var pool = meter.ForPool(Orders, Settings(settings));

        Assert.Empty(recorded.Of("db.client.connection.max"));
        Assert.NotEmpty(recorded.Of("db.client.connection.count"));
    }

    [Fact]
    public void A_server_shows_its_budget()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        using var server = meter.ForServer("main", 80);

        server.CountsChanged(used: 12, waiting: 3, ghosts: 1);

        var now = recorded.All;
        Assert.Equal(
            [("broker.server.connection.ghosts", 1), ("broker.server.connection.max", 80), ("broker.server.connection.pending", 3),
                ("broker.server.connection.used", 12)],
            now.OrderBy(one => one.Name, StringComparer.Ordinal).Select(one => (one.Name, one.Value)));
        Assert.All(now, one => Assert.Equal("main", one.Tags["broker.server.name"]));
    }

    [Fact]
    public void A_pool_that_has_stopped_is_not_measured_any_more()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        meter.ForPool(Orders, Settings()).Dispose();
        meter.ForServer("main", 80).Dispose();
        using var left = meter.ForPool(new PoolId("left", "app"), Settings());

        Assert.All(recorded.All, one => Assert.Equal("left~app", one.Tags["db.client.connection.pool.name"]));
        Assert.NotEmpty(recorded.All);
    }

    [Fact]
    public void Two_brokers_in_one_process_count_apart()
    {
        using var others = new Meters();
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory);
        using var otherMeter = new BrokerMeter(others);
        using var pool = meter.ForPool(Orders, Settings());
        using var otherPool = otherMeter.ForPool(Orders, Settings());

        pool.AcquireTimedOut();
        otherPool.AcquireTimedOut();

        var heard = recorded.All;
        Assert.Equal(1, Assert.Single(heard, one => one.Name == "db.client.connection.timeouts").Value);
        Assert.Single(heard, one => one.Name == "db.client.connection.pending_requests");
    }

    [Fact]
    public void With_metrics_off_no_instrument_is_shown_to_anybody()
    {
        using var recorded = new Recorded(_factory);
        using var meter = new BrokerMeter(_factory, enabled: false);
        using var pool = meter.ForPool(Orders, Settings());
        using var everything =
            new MeterListener { InstrumentPublished = (instrument, listener) => listener.EnableMeasurementEvents(instrument) };
        everything.Start();

        Assert.Empty(recorded.Instruments);
        Assert.False(meter.Pools.Timeouts.Enabled);
        Assert.False(meter.Pools.TripMembers.Enabled);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Telling_allocates_nothing_whether_or_not_somebody_listens(bool listened)
    {
        using var listener = new MeterListener();
        var heard = 0;
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (listened && ReferenceEquals(instrument.Meter.Scope, _factory))
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => heard++);
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => heard++);
        listener.SetMeasurementEventCallback<int>((_, _, _, _) => heard++);
        listener.Start();
        using var meter = new BrokerMeter(_factory);
        using var pool = meter.ForPool(Orders, Settings());
        using var server = meter.ForServer("main", 80);
        using var share = meter.ForShare(Orders);
        var gateway = new GatewayTelemetry(meter);
        TellAll(pool, server);
        TellAll(gateway, share);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            TellAll(pool, server);
            TellAll(gateway, share);
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal(listened, heard > 0);
    }

    private static void TellAll(GatewayTelemetry gateway, ShareTelemetry share)
    {
        gateway.ClientEntered();
        gateway.ClientRefused("28P01");
        gateway.CancelAsked(found: true);
        ClientPhase? shown = null;
        share.ClientIs(ref shown, ClientPhase.Ready);
        share.ClientIs(ref shown, ClientPhase.InTransaction);
        share.ClientIs(ref shown, null);
        share.LinkIs(null, LinkPhase.Connecting);
        share.LinkIs(LinkPhase.Connecting, null);
        share.ClientsWait(3);
        share.ErrandsWait(4);
        share.ClientWaited(TimeSpan.FromMilliseconds(1));
        share.TripEnded(17);
        share.Cleaned(CleaningOutcome.Fit);
    }

    private static void TellAll(PoolTelemetry pool, ServerTelemetry server)
    {
        pool.ConnectionOpened(TimeSpan.FromMilliseconds(1));
        pool.ConnectFailed(Exhausted);
        pool.ConnectionClosed(CloseReason.Broken, clean: false);
        pool.LeaseWaited(TimeSpan.FromMilliseconds(1));
        pool.LeaseUsed(TimeSpan.FromMilliseconds(1));
        pool.LeaseRefused(Exhausted);
        pool.LeaseRevoked();
        pool.LeakSeen();
        pool.ErrandWaited(TimeSpan.FromMilliseconds(1));
        pool.ErrandCompleted(TimeSpan.FromMilliseconds(1));
        pool.ErrandFailed(Duplicate, TimeSpan.FromMilliseconds(1));
        pool.ErrandsRerun(3);
        pool.TripEnded(TripShape.ReadGroup, 8, TimeSpan.FromMilliseconds(1));
        pool.BreachSeen();
        pool.Settled(SettledAs.Committed);
        pool.CountsChanged(new PoolCounts(1, 2, 3, 4, 5, 6));
        pool.WidthChanged(3);
        server.CountsChanged(1, 2, 3);
    }

    private static PoolSettings Settings(string keys = "") => BrokerSettings.Parse($"broker.pool {{ {keys} }}").PoolDefaults;
}
