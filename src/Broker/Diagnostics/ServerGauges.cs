using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace Broker.Diagnostics;

/// <summary>The numbers of one server's budget as they are now; written and read like <see cref="PoolGauges"/>.</summary>
internal sealed class ServerGauges
{
    private readonly KeyValuePair<string, object?> _name;
    private readonly int _max;
    private int _used, _waiting, _ghosts;

    internal ServerGauges(string server, int max) => (_name, _max) = (Attributes.Is(Attributes.Server, server), max);

    internal void Publish(int used, int waiting, int ghosts)
    {
        Volatile.Write(ref _used, used);
        Volatile.Write(ref _waiting, waiting);
        Volatile.Write(ref _ghosts, ghosts);
    }

    internal static void Register(Meter meter, Func<ImmutableArray<ServerTelemetry>> servers)
    {
        Gauge("broker.server.connection.used", "{connection}", "Connections of a server's budget that are in use, ghosts included.",
            static server => Volatile.Read(ref server._used));
        Gauge("broker.server.connection.max", "{connection}", "Connections that the broker may have on a server.",
            static server => server._max);
        Gauge("broker.server.connection.pending", "{connection}", "Connections that pools want of a server's budget and do not have.",
            static server => Volatile.Read(ref server._waiting));
        Gauge("broker.server.connection.ghosts", "{connection}", "Connections lost uncleanly whose server process is not yet proven gone.",
            static server => Volatile.Read(ref server._ghosts));

        void Gauge(string name, string unit, string description, Func<ServerGauges, int> read) =>
            meter.CreateObservableUpDownCounter(name,
                () => servers().Select(server => new Measurement<int>(read(server.Gauges), server.Gauges._name)), unit, description);
    }
}
