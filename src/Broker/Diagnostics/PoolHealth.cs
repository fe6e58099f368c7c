using System.Globalization;
using Broker.Client.Protocol.Messages;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Broker.Diagnostics;

/// <summary>How healthy a pool is, and why.</summary>
internal readonly record struct PoolHealth(HealthStatus Status, string Reason)
{
    /// <summary>
    /// Unhealthy: no connection is open and the last attempt to open one failed. Degraded: it is suspended, or attempts fail while some
    /// connections are open, or somebody has waited for more than half of what it may. Else healthy, also with no connection at all.
    /// </summary>
    internal static PoolHealth Of(PoolStatus pool, TimeSpan acquireTimeout) => pool switch
    {
        { LastConnectFailure: { } failure, Idle: 0, Busy: 0, Lent: 0 } => new(HealthStatus.Unhealthy, $"has no connection: {failure}"),
        { LastConnectFailure: { } failure } => new(HealthStatus.Degraded, $"cannot open connections: {failure}"),
        { Suspended: true } => new(HealthStatus.Degraded, "is suspended"),
        { Waiting: > 0 } when pool.OldestWait > acquireTimeout / 2 => new(
            HealthStatus.Degraded,
            string.Create(CultureInfo.InvariantCulture,
                $"makes callers wait: {pool.Waiting} waiting, oldest {pool.OldestWait.TotalSeconds:0.###} s "
                    + $"(acquire-timeout {acquireTimeout.TotalSeconds:0.###} s)")),
        _ => new(HealthStatus.Healthy, "serves"),
    };

    /// <summary>The pool did not answer.</summary>
    internal static PoolHealth Silent(string reason) => new(HealthStatus.Unhealthy, reason);
}
