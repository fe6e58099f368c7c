using System.Diagnostics.Metrics;

namespace Broker.Diagnostics;

/// <summary>The counters and histograms that the gateway of a broker records to.</summary>
internal sealed class GatewayInstruments
{
    internal GatewayInstruments(Meter meter)
    {
        Logins = meter.CreateCounter<long>("broker.gateway.client.logins", "{client}", "Clients that were let in.");
        Refused = meter.CreateCounter<long>("broker.gateway.client.refused", "{client}", "Clients that were not let in, by reason.");
        WaitTime = meter.CreateHistogram("broker.gateway.client.wait_time", "s",
            "The time a client waited for a server connection of its own.", tags: null, Buckets.Short);
        Cancels = meter.CreateCounter<long>("broker.gateway.cancels", "{request}",
            "Requests of clients to cancel, by whether they meant anybody.");
        Cleanings = meter.CreateCounter<long>("broker.gateway.link.cleanings", "{cleaning}",
            "Server connections that were made fit for their next user, by outcome.");
        TripMembers = meter.CreateHistogram("broker.gateway.trip.members", "{statement}",
            "Statements of clients carried by one round trip.", tags: null, Buckets.Members);
    }

    internal Counter<long> Logins { get; }

    internal Counter<long> Refused { get; }

    internal Histogram<double> WaitTime { get; }

    internal Counter<long> Cancels { get; }

    internal Counter<long> Cleanings { get; }

    internal Histogram<int> TripMembers { get; }
}
