using System.Diagnostics;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;

namespace Broker.Diagnostics;

/// <summary>
/// The activity of one lease, from the request to the return, with its wait in line as a child. It never becomes the caller's current
/// activity, since it ends on whatever thread the lease is returned. The default value is one that nobody listens to.
/// </summary>
internal readonly struct LeaseActivity
{
    private readonly Activity? _lease;
    private readonly Activity? _wait;

    private LeaseActivity(Activity lease, Activity? wait) => (_lease, _wait) = (lease, wait);

    /// <summary>Somebody asks for a lease.</summary>
    /// <param name="database">The database's name in the broker's settings.</param>
    /// <param name="purpose">What the holder said it will do; empty when nothing.</param>
    /// <param name="options">Whether activities are started.</param>
    internal static LeaseActivity Start(string database, string purpose, TracingOptions options)
    {
        if (!options.Enabled || !BrokerSource.Activities.HasListeners())
        {
            return default;
        }

        var current = Activity.Current;
        var lease = BrokerSource.Activities.StartActivity(
            $"lease {database}", ActivityKind.Internal, default(ActivityContext),
            [new(TraceAttributes.System, TraceAttributes.PostgreSql), new(TraceAttributes.Namespace, database), new(TraceAttributes.Purpose, purpose)]);
        var wait = lease is null ? null : BrokerSource.Activities.StartActivity("wait", ActivityKind.Internal, lease.Context);
        Activity.Current = current;
        return lease is null ? default : new LeaseActivity(lease, wait);
    }

    /// <summary>The connection is the holder's.</summary>
    internal void Lent(PoolId pool, ConnectionId? connection, LeaseId lease, int backendPid)
    {
        if (_lease is { IsAllDataRequested: true })
        {
            _lease.SetTag(TraceAttributes.Pool, pool.ToString());
            _lease.SetTag(TraceAttributes.Connection, connection?.ToString());
            _lease.SetTag(TraceAttributes.Lease, lease.ToString());
            _lease.SetTag(TraceAttributes.BackendPid, backendPid);
        }

        Stop(_wait);
    }

    /// <summary>There is no lease for who asked.</summary>
    internal void Refused(Exception exception)
    {
        _lease.Failed(exception);
        Stop(_wait);
        Stop(_lease);
    }

    /// <summary>The lease is over. Only the first call counts.</summary>
    internal void Returned() => Stop(_lease);

    private static void Stop(Activity? activity)
    {
        if (activity is { IsStopped: false })
        {
            // stopping makes current what was current at the start, which may be long past
            var current = Activity.Current;
            activity.Stop();
            Activity.Current = current;
        }
    }
}
