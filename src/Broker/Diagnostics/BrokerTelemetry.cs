namespace Broker.Diagnostics;

/// <summary>
/// What an application names to collect what the broker tells: <c>AddMeter(BrokerTelemetry.MeterName)</c>,
/// <c>AddSource(BrokerTelemetry.SourceName)</c>. Every metric and activity is listed in docs/metrics.md.
/// </summary>
public static class BrokerTelemetry
{
    /// <summary>The meter of pools, errands and server budgets.</summary>
    public const string MeterName = "Broker";

    /// <summary>The activity source of errands, leases and trips.</summary>
    public const string SourceName = Client.Diagnostics.BrokerSource.Name;
}
