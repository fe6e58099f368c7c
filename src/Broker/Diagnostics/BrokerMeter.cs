using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Broker.Client.Protocol;
using Broker.Configuration;

namespace Broker.Diagnostics;

/// <summary>
/// The meter of one broker and the pools and servers it measures. One per broker and nothing static, so that two brokers in a process
/// count apart. Names, units and attributes follow the OpenTelemetry conventions for database client pools where these have a name.
/// </summary>
internal sealed class BrokerMeter : IDisposable
{
    private readonly Meter _meter;
    private ImmutableArray<PoolTelemetry> _pools = [];
    private ImmutableArray<ServerTelemetry> _servers = [];
    private ImmutableArray<ShareTelemetry> _shares = [];

    /// <param name="factory">
    /// The host's, so that its listeners find the meter; null makes one that every listener of the process sees.
    /// </param>
    /// <param name="enabled">`broker.diagnostics.metrics`. When off, nothing is published to anybody.</param>
    internal BrokerMeter(IMeterFactory? factory, bool enabled = true)
    {
        _meter = factory is null || !enabled ? new Meter(BrokerTelemetry.MeterName) : factory.Create(BrokerTelemetry.MeterName);
        if (!enabled)
        {
            // instruments of a disposed meter are never published, so each stays as cheap as one that nobody listens to
            _meter.Dispose();
        }

        Pools = new PoolInstruments(_meter);
        Sessions = new SessionInstruments(_meter);
        Gateway = new GatewayInstruments(_meter);
        PoolGauges.Register(_meter, () => _pools);
        ServerGauges.Register(_meter, () => _servers);
        ShareGauges.Register(_meter, () => _shares);
    }

    internal PoolInstruments Pools { get; }

    internal SessionInstruments Sessions { get; }

    internal GatewayInstruments Gateway { get; }

    /// <summary>Measures a pool until the telemetry is disposed.</summary>
    /// <param name="pool">Its name; unique within the broker.</param>
    /// <param name="settings">Its limits, which are measured too.</param>
    internal PoolTelemetry ForPool(PoolId pool, PoolSettings settings)
    {
        var telemetry = new PoolTelemetry(this, pool, settings);
        ImmutableInterlocked.Update(ref _pools, static (pools, added) => pools.Add(added), telemetry);
        return telemetry;
    }

    /// <summary>Measures a server's budget until the telemetry is disposed.</summary>
    /// <param name="server">Its name in the settings.</param>
    /// <param name="maxConnections">Its `max-connections`.</param>
    internal ServerTelemetry ForServer(string server, int maxConnections)
    {
        var telemetry = new ServerTelemetry(this, server, maxConnections);
        ImmutableInterlocked.Update(ref _servers, static (servers, added) => servers.Add(added), telemetry);
        return telemetry;
    }

    /// <summary>Measures the gateway's share of a pool until the telemetry is disposed.</summary>
    /// <param name="pool">The pool's name; it has one share.</param>
    internal ShareTelemetry ForShare(PoolId pool)
    {
        var telemetry = new ShareTelemetry(this, pool);
        ImmutableInterlocked.Update(ref _shares, static (shares, added) => shares.Add(added), telemetry);
        return telemetry;
    }

    internal void Forget(ShareTelemetry share) =>
        ImmutableInterlocked.Update(ref _shares, static (shares, gone) => shares.Remove(gone), share);

    internal void Forget(PoolTelemetry pool) => ImmutableInterlocked.Update(ref _pools, static (pools, gone) => pools.Remove(gone), pool);

    internal void Forget(ServerTelemetry server) =>
        ImmutableInterlocked.Update(ref _servers, static (servers, gone) => servers.Remove(gone), server);

    /// <summary>Ends the meter, unless it belongs to a factory, which then ends it.</summary>
    public void Dispose() => _meter.Dispose();
}
