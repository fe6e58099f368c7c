using Serilog.Core;
using Serilog.Events;

namespace Broker.Host;

/// <summary>Puts the ids of an event together to one place to read: `orders~app/c3/l17 `, or nothing when it has none.</summary>
internal sealed class PlaceEnricher : ILogEventEnricher
{
    internal const string Name = "Place";

    private static readonly string[] Ids = ["Server", "Pool", "Connection", "Lease"];

    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        var place = string.Join('/', Ids.Select(id => Text(logEvent, id)).OfType<string>());
        if (place.Length > 0)
        {
            logEvent.AddPropertyIfAbsent(new LogEventProperty(Name, new ScalarValue(place + " ")));
        }
    }

    private static string? Text(LogEvent logEvent, string id) =>
        logEvent.Properties.TryGetValue(id, out var value) && value is ScalarValue { Value: { } scalar } ? scalar.ToString() : null;
}
