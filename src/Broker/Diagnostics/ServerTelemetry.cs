namespace Broker.Diagnostics;

/// <summary>
/// What a server's budget tells of itself. Costs some nanoseconds; may be called on any thread. Disposed with the budget.
/// </summary>
internal sealed class ServerTelemetry : IDisposable
{
    private readonly BrokerMeter _meter;

    internal ServerTelemetry(BrokerMeter meter, string server, int maxConnections)
    {
        _meter = meter;
        Gauges = new ServerGauges(server, maxConnections);
    }

    /// <summary>What the meter reads when it is asked.</summary>
    internal ServerGauges Gauges { get; }

    /// <summary>The budget's numbers are these now.</summary>
    /// <param name="used">Connections counted, ghosts included.</param>
    /// <param name="waiting">Connections that pools asked for and do not have.</param>
    /// <param name="ghosts">Connections lost uncleanly and not yet proven gone.</param>
    internal void CountsChanged(int used, int waiting, int ghosts) => Gauges.Publish(used, waiting, ghosts);

    /// <summary>The budget has stopped.</summary>
    public void Dispose() => _meter.Forget(this);
}
