using System.Diagnostics.Metrics;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Connections;
using Broker.Errands;
using Broker.Settlement;

namespace Broker.Diagnostics;

/// <summary>
/// What a pool and its connections tell of themselves as it happens. Each call costs some nanoseconds and allocates nothing, whether or
/// not somebody listens; all may be called on any thread. The gauges read what was told last. Disposed with the pool, which then is no
/// longer measured.
/// </summary>
internal sealed class PoolTelemetry : IDisposable
{
    private readonly BrokerMeter _meter;
    private readonly PoolInstruments _instruments;
    private readonly KeyValuePair<string, object?> _name;
    private readonly KeyValuePair<string, object?> _namespace;

    internal PoolTelemetry(BrokerMeter meter, PoolId pool, PoolSettings settings)
    {
        (_meter, _instruments) = (meter, meter.Pools);
        _name = Attributes.Is(Attributes.PoolName, pool.ToString());
        _namespace = Attributes.Is(Attributes.Namespace, pool.Database);
        Gauges = new PoolGauges(pool.ToString(), settings);
    }

    /// <summary>What the meter reads when it is asked.</summary>
    internal PoolGauges Gauges { get; }

    /// <summary>A connection is open.</summary>
    internal void ConnectionOpened(TimeSpan took) => Record(_instruments.CreateTime, took);

    /// <summary>A connection could not be opened.</summary>
    internal void ConnectFailed(Failure failure) => CountFailure(_instruments.ConnectFailures, failure);

    /// <summary>A connection is closed. Unclean: its server process may still run.</summary>
    internal void ConnectionClosed(CloseReason reason, bool clean)
    {
        Count(_instruments.ConnectionsClosed, Attributes.CloseReason, reason.Word());
        if (!clean)
        {
            Count(_instruments.Ghosts);
        }
    }

    /// <summary>A connection was lent, after this wait.</summary>
    internal void LeaseWaited(TimeSpan waited) => Record(_instruments.WaitTime, waited);

    /// <summary>A lease is over.</summary>
    internal void LeaseUsed(TimeSpan held) => Record(_instruments.UseTime, held);

    /// <summary>A request for a lease was refused. Deadlines passed in line are counted as timeouts too.</summary>
    internal void LeaseRefused(Failure failure)
    {
        CountFailure(_instruments.LeasesRefused, failure);
        if (failure is PoolExhausted)
        {
            AcquireTimedOut();
        }
    }

    /// <summary>Somebody waited for a connection for as long as it may.</summary>
    internal void AcquireTimedOut() => Count(_instruments.Timeouts);

    /// <summary>A lease was called back.</summary>
    internal void LeaseRevoked() => Count(_instruments.LeasesRevoked);

    /// <summary>A lease is out too long, or was forgotten.</summary>
    internal void LeakSeen(LeakCause cause = LeakCause.Overdue) => Count(_instruments.LeasesLeaked, Attributes.LeakCause, cause.Word());

    /// <summary>Whether anybody wants the count or the times of single errands.</summary>
    internal bool TimesErrands => _instruments.ErrandsCompleted.Enabled || _instruments.ErrandsRefused.Enabled
        || _instruments.ErrandWaitTime.Enabled || _instruments.OperationDuration.Enabled;

    /// <summary>An errand was sent, for the first time, after this wait in line.</summary>
    internal void ErrandWaited(TimeSpan waited) => Record(_instruments.ErrandWaitTime, waited);

    /// <summary>An errand took effect and its caller was told.</summary>
    /// <param name="took">From its arrival to its answer, reruns included.</param>
    internal void ErrandCompleted(TimeSpan took)
    {
        Count(_instruments.ErrandsCompleted);
        if (_instruments.OperationDuration is { Enabled: true } duration)
        {
            duration.Record(took.TotalSeconds, _name, Known.PostgreSql, _namespace);
        }
    }

    /// <summary>An errand was refused or failed and its caller was told.</summary>
    /// <param name="failure">Why. A statement's error is counted under its SQLSTATE, all else under the failure's code.</param>
    /// <param name="took">From its arrival to its answer, reruns included.</param>
    internal void ErrandFailed(Failure failure, TimeSpan took)
    {
        CountFailure(_instruments.ErrandsRefused, failure);
        if (_instruments.OperationDuration is { Enabled: true } duration)
        {
            duration.Record(took.TotalSeconds,
                [_name, Known.PostgreSql, _namespace, Attributes.Is(Attributes.ErrorType, failure.ErrorType)]);
        }
    }

    /// <summary>Members of a group that failed are run again alone.</summary>
    internal void ErrandsRerun(int count)
    {
        if (count > 0 && _instruments.ErrandsRerun is { Enabled: true } rerun)
        {
            rerun.Add(count, _name);
        }
    }

    /// <summary>A trip is over.</summary>
    /// <param name="shape">How its statements travelled.</param>
    /// <param name="members">How many they were.</param>
    /// <param name="elapsed">From sending to the last answer.</param>
    internal void TripEnded(TripShape shape, int members, TimeSpan elapsed)
    {
        if (_instruments.TripDuration is { Enabled: true } duration)
        {
            duration.Record(elapsed.TotalSeconds, _name, Attributes.Is(Attributes.TripShape, shape.Word()));
        }

        if (_instruments.TripMembers is { Enabled: true } histogram)
        {
            histogram.Record(members, _name, Attributes.Is(Attributes.TripShape, shape.Word()));
        }
    }

    /// <summary>A group member did what an errand may not do.</summary>
    internal void BreachSeen() => Count(_instruments.Breaches);

    /// <summary>A commit whose answer was lost was asked about.</summary>
    internal void Settled(SettledOutcome outcome) => Settled(outcome switch
    {
        SettledOutcome.Committed => SettledAs.Committed,
        SettledOutcome.Aborted => SettledAs.RolledBack,
        _ => SettledAs.Unknown,
    });

    /// <summary>A commit whose answer was lost was asked about.</summary>
    internal void Settled(SettledAs outcome) => Count(_instruments.Settlements, Attributes.Outcome, outcome.Word());

    /// <summary>The pool's numbers are these now.</summary>
    internal void CountsChanged(in PoolCounts counts) => Gauges.Publish(counts);

    /// <summary>Trips of fast statements use at most that many connections at a time now.</summary>
    internal void WidthChanged(int width) => Gauges.PublishWidth(width);

    /// <summary>The pool has stopped.</summary>
    public void Dispose() => _meter.Forget(this);

    private void Record(Histogram<double> histogram, TimeSpan time)
    {
        if (histogram.Enabled)
        {
            histogram.Record(time.TotalSeconds, _name);
        }
    }

    private void Count(Counter<long> counter)
    {
        if (counter.Enabled)
        {
            counter.Add(1, _name);
        }
    }

    private void Count(Counter<long> counter, string attribute, string value)
    {
        if (counter.Enabled)
        {
            counter.Add(1, _name, Attributes.Is(attribute, value));
        }
    }

    private void CountFailure(Counter<long> counter, Failure failure)
    {
        if (counter.Enabled)
        {
            counter.Add(1, _name, Attributes.Is(Attributes.ErrorType, failure.ErrorType));
        }
    }

    private static class Known
    {
        internal static readonly KeyValuePair<string, object?> PostgreSql = Attributes.Is(Attributes.System, "postgresql");
    }
}
