using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Broker.Configuration;

namespace Broker.Diagnostics;

/// <summary>
/// The numbers of one pool as they are now, written by its actor and read by whoever collects the meter. Each is one word written for
/// itself: a snapshot object per change would cost an allocation per trip, and the instruments are read one after the other anyway.
/// </summary>
internal sealed class PoolGauges
{
    private readonly KeyValuePair<string, object?> _name;
    private volatile PoolSettings _settings;
    private int _opening, _idle, _busy, _lent, _waiting, _waitingErrands, _width;

    internal PoolGauges(string name, PoolSettings settings) => (_name, _settings) = (Attributes.Is(Attributes.PoolName, name), settings);

    internal void Publish(in PoolCounts counts)
    {
        Volatile.Write(ref _opening, counts.Opening);
        Volatile.Write(ref _idle, counts.Idle);
        Volatile.Write(ref _busy, counts.Busy);
        Volatile.Write(ref _lent, counts.Lent);
        Volatile.Write(ref _waiting, counts.Waiting);
        Volatile.Write(ref _waitingErrands, counts.WaitingErrands);
    }

    internal void Publish(PoolSettings settings) => _settings = settings;

    internal void PublishWidth(int width) => Volatile.Write(ref _width, width);

    internal static void Register(Meter meter, Func<ImmutableArray<PoolTelemetry>> pools)
    {
        Gauge("db.client.connection.count", "{connection}",
            "The number of connections that are currently in the state described by the state attribute.",
            static pool =>
                [pool.Of(Volatile.Read(ref pool._idle), Idle),
                    pool.Of(Volatile.Read(ref pool._busy) + Volatile.Read(ref pool._lent), Used)]);
        Gauge("db.client.connection.idle.max", "{connection}", "The maximum number of idle open connections allowed.",
            static pool => pool._settings.Size == 0 ? [] : [pool.Of(pool._settings.Size)]);
        Gauge("db.client.connection.idle.min", "{connection}", "The minimum number of idle open connections allowed.",
            static pool => [pool.Of(pool._settings.MinIdle)]);
        Gauge("db.client.connection.max", "{connection}", "The maximum number of open connections allowed.",
            static pool => pool._settings is { Size: > 0, Overflow: >= 0 } ? [pool.Of(pool._settings.Size + pool._settings.Overflow)] : []);
        Gauge("db.client.connection.pending_requests", "{request}", "The number of current pending requests for an open connection.",
            static pool => [pool.Of(Volatile.Read(ref pool._waiting))]);
        Gauge("broker.connection.opening", "{connection}", "Connections that are being opened.",
            static pool => [pool.Of(Volatile.Read(ref pool._opening))]);
        Gauge("broker.connection.busy", "{connection}", "Connections that are on an errand's trip.",
            static pool => [pool.Of(Volatile.Read(ref pool._busy))]);
        Gauge("broker.connection.lent", "{connection}", "Connections that are lent to a holder.",
            static pool => [pool.Of(Volatile.Read(ref pool._lent))]);
        Gauge("broker.errand.pending", "{errand}", "Errands that wait for a trip.",
            static pool => [pool.Of(Volatile.Read(ref pool._waitingErrands))]);
        Gauge("broker.trip.width", "{connection}", "Connections that trips of fast statements use at the same time, at most.",
            static pool => [pool.Of(Volatile.Read(ref pool._width))]);

        void Gauge(string name, string unit, string description, Func<PoolGauges, Measurement<int>[]> read) =>
            meter.CreateObservableUpDownCounter(name, () => pools().SelectMany(pool => read(pool.Gauges)), unit, description);
    }

    private static readonly KeyValuePair<string, object?> Idle = Attributes.Is(Attributes.State, "idle");
    private static readonly KeyValuePair<string, object?> Used = Attributes.Is(Attributes.State, "used");

    private Measurement<int> Of(int value) => new(value, _name);

    private Measurement<int> Of(int value, KeyValuePair<string, object?> state) => new(value, _name, state);
}
