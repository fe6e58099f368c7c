using System.Diagnostics;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;

namespace Broker.Diagnostics;

/// <summary>The activity of one lease, from the request to the return, with its wait in line as a child.</summary>
internal readonly struct LeaseActivity
{
    private readonly BorrowActivity _activity;

    private LeaseActivity(BorrowActivity activity) => _activity = activity;

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

        var activity = BorrowActivity.Start($"lease {database}", ActivityKind.Internal, database, options);
        if (purpose.Length > 0)
        {
            activity.Tag(TraceAttributes.Purpose, purpose);
        }

        return new LeaseActivity(activity);
    }

    /// <summary>The connection is the holder's.</summary>
    /// <param name="pool">Whose connection.</param>
    /// <param name="connection">Which; null when it is not known.</param>
    /// <param name="lease">Names this lending.</param>
    /// <param name="backendPid">The server process.</param>
    internal void Lent(PoolId pool, ConnectionId? connection, LeaseId lease, int backendPid)
    {
        if (_activity.IsRecorded)
        {
            _activity.Tag(TraceAttributes.Pool, pool.ToString());
            _activity.Tag(TraceAttributes.Connection, connection?.ToString());
            _activity.Tag(TraceAttributes.Lease, lease.ToString());
            _activity.Tag(TraceAttributes.BackendPid, backendPid);
        }

        _activity.Granted();
    }

    /// <summary>There is no lease for who asked.</summary>
    internal void Refused(Exception exception) => _activity.Failed(exception);

    /// <summary>The lease is over. Only the first call counts.</summary>
    internal void Returned() => _activity.Ended();
}
