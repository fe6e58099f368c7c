using System.Diagnostics.Metrics;

namespace Broker.Diagnostics;

/// <summary>The counters and histograms that all pools of a broker record to, each with its pool's name.</summary>
internal sealed class PoolInstruments
{
    internal PoolInstruments(Meter meter)
    {
        CreateTime = meter.CreateHistogram("db.client.connection.create_time", "s", "The time it took to create a new connection.",
            tags: null, Buckets.Short);
        WaitTime = meter.CreateHistogram("db.client.connection.wait_time", "s",
            "The time it took to obtain an open connection from the pool.", tags: null, Buckets.Short);
        UseTime = meter.CreateHistogram("db.client.connection.use_time", "s",
            "The time between borrowing a connection and returning it to the pool.", tags: null, Buckets.Long);
        Timeouts = meter.CreateCounter<long>("db.client.connection.timeouts", "{timeout}",
            "Requests that waited for a connection for as long as they may.");
        OperationDuration = meter.CreateHistogram("db.client.operation.duration", "s",
            "Duration of errands, from their arrival at the pool to their answer.", tags: null, Buckets.Operation);

        ConnectFailures = meter.CreateCounter<long>("broker.connection.connect_failures", "{attempt}",
            "Attempts to open a connection that failed, by reason.");
        ConnectionsClosed = meter.CreateCounter<long>("broker.connection.closed", "{connection}", "Connections closed, by reason.");
        Ghosts = meter.CreateCounter<long>("broker.connection.ghosts", "{connection}",
            "Connections lost uncleanly, whose server process may still run.");
        LeasesRefused = meter.CreateCounter<long>("broker.lease.refused", "{lease}", "Requests for a lease that were refused, by reason.");
        LeasesRevoked = meter.CreateCounter<long>("broker.lease.revoked", "{lease}", "Leases taken back from their holders.");
        LeasesLeaked = meter.CreateCounter<long>("broker.lease.leaks", "{lease}", "Leases reported as leaked, by cause.");

        ErrandsCompleted = meter.CreateCounter<long>("broker.errand.completed", "{errand}", "Errands that took effect.");
        ErrandsRefused = meter.CreateCounter<long>("broker.errand.refused", "{errand}", "Errands that failed or were refused, by reason.");
        ErrandsRerun = meter.CreateCounter<long>("broker.errand.rerun", "{errand}",
            "Errands that were run again alone after their group failed.");
        ErrandWaitTime = meter.CreateHistogram("broker.errand.wait_time", "s",
            "The time an errand waited before it was sent to the server.", tags: null, Buckets.Short);
        Settlements = meter.CreateCounter<long>("broker.errand.settlements", "{settlement}",
            "Commits whose answer was lost, by what was found out about them.");

        TripDuration = meter.CreateHistogram("broker.trip.duration", "s", "The time from sending a trip to its last answer, by shape.",
            tags: null, Buckets.Short);
        TripMembers = meter.CreateHistogram("broker.trip.members", "{errand}", "Errands carried by one trip, by shape.", tags: null,
            Buckets.Members);
        Breaches = meter.CreateCounter<long>("broker.packing.breaches", "{breach}", "Group members that did what an errand may not do.");
    }

    internal Histogram<double> CreateTime { get; }

    internal Histogram<double> WaitTime { get; }

    internal Histogram<double> UseTime { get; }

    internal Counter<long> Timeouts { get; }

    internal Histogram<double> OperationDuration { get; }

    internal Counter<long> ConnectFailures { get; }

    internal Counter<long> ConnectionsClosed { get; }

    internal Counter<long> Ghosts { get; }

    internal Counter<long> LeasesRefused { get; }

    internal Counter<long> LeasesRevoked { get; }

    internal Counter<long> LeasesLeaked { get; }

    internal Counter<long> ErrandsCompleted { get; }

    internal Counter<long> ErrandsRefused { get; }

    internal Counter<long> ErrandsRerun { get; }

    internal Histogram<double> ErrandWaitTime { get; }

    internal Counter<long> Settlements { get; }

    internal Histogram<double> TripDuration { get; }

    internal Histogram<int> TripMembers { get; }

    internal Counter<long> Breaches { get; }
}
