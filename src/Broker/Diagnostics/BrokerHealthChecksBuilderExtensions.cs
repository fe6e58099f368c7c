using Broker.Client;
using Broker.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Broker.Diagnostics;

/// <summary>Registers the broker's health check: <c>services.AddHealthChecks().AddBroker()</c>.</summary>
public static class BrokerHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds a check of the pools of all databases. Needs the <see cref="BrokerClient"/> and <see cref="BrokerSettings"/> that hosting the
    /// broker registers.
    /// </summary>
    /// <param name="builder">The health checks of the application.</param>
    /// <param name="name">The check's name.</param>
    /// <param name="failureStatus">What is reported when a pool cannot serve; null: unhealthy.</param>
    /// <param name="tags">Tags to filter checks by, such as "ready".</param>
    public static IHealthChecksBuilder AddBroker(
        this IHealthChecksBuilder builder, string name = "broker", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name,
            static services =>
                new BrokerHealthCheck(services.GetRequiredService<BrokerClient>(), services.GetRequiredService<BrokerSettings>()),
            failureStatus,
            tags));
    }
}
