using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Broker.Gateway.Clients;
using Broker.Gateway.Links;

namespace Broker.Diagnostics;

/// <summary>
/// The numbers of one share of a pool as they are now; written on its loop alone, and read like <see cref="PoolGauges"/>.
/// </summary>
internal sealed class ShareGauges
{
    private static readonly ImmutableArray<KeyValuePair<string, object?>> ClientStates =
        [.. Enum.GetValues<ClientPhase>().Select(static phase => Attributes.Is(Attributes.ClientState, phase.Word()))];

    private static readonly ImmutableArray<KeyValuePair<string, object?>> LinkStates =
        [.. Enum.GetValues<LinkPhase>().Select(static phase => Attributes.Is(Attributes.LinkState, phase.Word()))];

    private readonly KeyValuePair<string, object?> _name;
    private readonly int[] _clients = new int[ClientStates.Length];
    private readonly int[] _links = new int[LinkStates.Length];
    private int _line, _errands;

    internal ShareGauges(string name) => _name = Attributes.Is(Attributes.PoolName, name);

    internal void Move(ClientPhase? before, ClientPhase? now) => Move(_clients, (int?)before, (int?)now);

    internal void Move(LinkPhase? before, LinkPhase? now) => Move(_links, (int?)before, (int?)now);

    internal void PublishLine(int count) => Volatile.Write(ref _line, count);

    internal void PublishErrands(int count) => Volatile.Write(ref _errands, count);

    internal static void Register(Meter meter, Func<ImmutableArray<ShareTelemetry>> shares)
    {
        Gauge("broker.gateway.client.count", "{client}", "Clients of the gateway, by what they are doing.",
            static share => share.Of(share._clients, ClientStates));
        Gauge("broker.gateway.client.waiting", "{client}", "Clients that wait for a server connection, or for a round trip with others.",
            static share => [new(Volatile.Read(ref share._line) + Volatile.Read(ref share._errands), share._name)]);
        Gauge("broker.gateway.link.count", "{connection}", "Server connections of the gateway, by what they are doing.",
            static share => share.Of(share._links, LinkStates));

        void Gauge(string name, string unit, string description, Func<ShareGauges, Measurement<int>[]> read) =>
            meter.CreateObservableUpDownCounter(name, () => shares().SelectMany(share => read(share.Gauges)), unit, description);
    }

    private static void Move(int[] counts, int? before, int? now)
    {
        if (before is { } from)
        {
            Volatile.Write(ref counts[from], counts[from] - 1);
        }
        if (now is { } to)
        {
            Volatile.Write(ref counts[to], counts[to] + 1);
        }
    }

    private Measurement<int>[] Of(int[] counts, ImmutableArray<KeyValuePair<string, object?>> states) =>
        [.. states.Select((state, at) => new Measurement<int>(Volatile.Read(ref counts[at]), _name, state))];
}
