using Broker.Client;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Broker.Diagnostics;

/// <summary>
/// Asks the pool of every configured database (and its own user) how it is, all at once and within `broker.diagnostics.health-timeout`.
/// The worst decides. No connection is taken or opened for it, so it neither waits in line nor wakes a sleeping database.
/// </summary>
public sealed class BrokerHealthCheck : IHealthCheck
{
    private readonly Func<string, CancellationToken, ValueTask<PoolStatus>> _ask;
    private readonly BrokerSettings _settings;
    private readonly TimeProvider _clock;

    /// <summary>A check of the broker behind this client.</summary>
    public BrokerHealthCheck(BrokerClient client, BrokerSettings settings)
        : this((client ?? throw new ArgumentNullException(nameof(client))).GetStatusAsync, settings, TimeProvider.System) { }

    internal BrokerHealthCheck(Func<string, CancellationToken, ValueTask<PoolStatus>> ask, BrokerSettings settings, TimeProvider clock) =>
        (_ask, _settings, _clock) = (ask, settings, clock);

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var limit = new CancellationTokenSource(_settings.Diagnostics.HealthTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var data = new Dictionary<string, object>(StringComparer.Ordinal);
        var worst = HealthStatus.Healthy;
        List<string> reasons = [];

        var asked = _settings.Databases.Values.Select(database => (database, answer: AskAsync(database, either.Token))).ToList();
        foreach (var (database, answer) in asked)
        {
            var (health, pool) = await answer;
            Describe(data, database.Name, health, pool);
            if (health.Status != HealthStatus.Healthy)
            {
                reasons.Add($"{database.Name} {health.Reason}");
                worst = health.Status < worst ? health.Status : worst;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        var status = worst == HealthStatus.Unhealthy ? context.Registration.FailureStatus : worst;
        return new HealthCheckResult(status, reasons.Count == 0 ? $"{asked.Count} pools serve" : string.Join("; ", reasons), data: data);
    }

    private async Task<(PoolHealth Health, PoolStatus? Pool)> AskAsync(DatabaseSettings database, CancellationToken cancellation)
    {
        try
        {
            var pool = await _ask(database.Name, cancellation).AsTask().WaitAsync(cancellation);
            return (PoolHealth.Of(pool, database.Pool.AcquireTimeout), pool);
        }
        catch (OperationCanceledException)
        {
            return (PoolHealth.Silent(
                $"did not answer within {_settings.Diagnostics.HealthTimeout.TotalSeconds:0.###} s (broker.diagnostics.health-timeout)"),
                    null);
        }
        catch (BrokerException refused)
        {
            return (PoolHealth.Silent(refused.Message), null);
        }
    }

    private static void Describe(Dictionary<string, object> data, string database, PoolHealth health, PoolStatus? pool)
    {
        data[$"{database}.status"] = health.Status.ToString();
        if (pool is null)
        {
            return;
        }

        data[$"{database}.idle"] = pool.Idle;
        data[$"{database}.busy"] = pool.Busy;
        data[$"{database}.lent"] = pool.Lent;
        data[$"{database}.opening"] = pool.Opening;
        data[$"{database}.waiting"] = pool.Waiting;
        data[$"{database}.waiting-errands"] = pool.WaitingErrands;
        data[$"{database}.oldest-wait-seconds"] = pool.OldestWait.TotalSeconds;
        if (pool.LastConnectFailure is { } failure)
        {
            data[$"{database}.last-connect-failure"] = failure;
        }
    }
}
