using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broker.Diagnostics;
using Xunit;

namespace Broker.Tests.Diagnostics;

/// <summary>Listens to one meter factory's instruments and keeps what they record.</summary>
internal sealed class Recorded : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<Measured> _measured = new();

    internal Recorded(IMeterFactory factory)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == BrokerTelemetry.MeterName && ReferenceEquals(instrument.Meter.Scope, factory))
            {
                Instruments.Add(instrument);
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.Start();
    }

    internal ConcurrentBag<Instrument> Instruments { get; } = [];

    internal IReadOnlyList<Measured> All
    {
        get
        {
            _listener.RecordObservableInstruments();
            return [.. _measured];
        }
    }

    internal IEnumerable<Measured> Of(string name) => All.Where(one => one.Name == name);

    internal Measured Single(string name) => Assert.Single(Of(name));

    public void Dispose() => _listener.Dispose();

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _measured.Enqueue(new Measured(instrument.Name, value, tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value)));
}

internal sealed record Measured(string Name, double Value, Dictionary<string, object?> Tags);

/// <summary>What a host's service provider would hand out: meters that only its own listeners see.</summary>
internal sealed class Meters : IMeterFactory
{
    private readonly Dictionary<string, Meter> _meters = [];

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        return _meters.TryGetValue(options.Name, out var meter) ? meter : _meters[options.Name] = new Meter(options);
    }

    public void Dispose()
    {
        foreach (var meter in _meters.Values)
        {
            meter.Dispose();
        }
    }
}
