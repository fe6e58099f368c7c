using System.Diagnostics.Metrics;

namespace Broker.Diagnostics;

/// <summary>What conversations of all pools of a broker record to, each with its pool's name.</summary>
internal sealed class SessionInstruments
{
    internal SessionInstruments(Meter meter)
    {
        Open = meter.CreateUpDownCounter<long>("broker.session.open", "{session}", "Conversations that are open.");
        Commits = meter.CreateCounter<long>("broker.session.commits", "{commit}", "Commits of conversations, by what became of them.");
        TimedOut = meter.CreateCounter<long>("broker.session.timeouts", "{transaction}",
            "Transactions of conversations that lay idle for too long and were rolled back.");
        Forgotten = meter.CreateCounter<long>("broker.session.leaks", "{session}",
            "Handles of conversations that were forgotten instead of closed.");
    }

    internal UpDownCounter<long> Open { get; }

    internal Counter<long> Commits { get; }

    internal Counter<long> TimedOut { get; }

    internal Counter<long> Forgotten { get; }
}
