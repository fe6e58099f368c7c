using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Diagnostics;

/// <summary>What the conversations of one pool tell of themselves. May be called on any thread.</summary>
internal sealed class SessionTelemetry
{
    private readonly SessionInstruments _all;
    private readonly KeyValuePair<string, object?> _name;

    internal SessionTelemetry(BrokerMeter meter, PoolId pool) =>
        (_all, _name) = (meter.Sessions, Attributes.Is(Attributes.PoolName, pool.ToString()));

    internal void Opened() => _all.Open.Add(1, _name);

    internal void Closed() => _all.Open.Add(-1, _name);

    internal void TimedOut() => _all.TimedOut.Add(1, _name);

    internal void Forgotten() => _all.Forgotten.Add(1, _name);

    /// <summary>A commit has ended so.</summary>
    internal void CommitEnded(ISessionReply reply) => _all.Commits.Add(1, _name, Attributes.Is(Attributes.CommitOutcome, WordOf(reply)));

    private static string WordOf(ISessionReply reply) => reply switch
    {
        Committed { Settled: true } => "settled",
        Committed => "committed",
        CommandRefused { Failure: CommitUnknown or OutcomeUnknown } => "unknown",
        _ => "refused",
    };
}
