using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol.Messages;
using Broker.Errands;

namespace Broker.Pools;

/// <summary>
/// The questions about ghosts that are on their way, and which host each of them went to: a pool's connections may be to several hosts, and
/// what one of them says proves nothing about another's processes. Mutable, and owned by the pool's actor.
/// </summary>
internal sealed class GhostInquiries
{
    private readonly Dictionary<long, string?> _hosts = [];

    /// <summary>Puts a question in line.</summary>
    internal void Ask(BudgetEvents.ProbeGhosts probe, ErrandLine line, IActorContext pool)
    {
        Asked(probe);
        line.Add(GhostInquiry.Errand(probe), pool.ActorOf(GhostInquiry.For(pool.Self, probe)));
    }

    /// <summary>A question stands in line.</summary>
    internal void Asked(BudgetEvents.ProbeGhosts probe) => _hosts[probe.Probe] = null;

    /// <summary>A trip goes to a host; perhaps a question is in it. One that runs again is answered by the host it went to last.</summary>
    internal void Sent(Trip trip, string? host)
    {
        if (_hosts.Count == 0)
        {
            return;
        }
        foreach (var errand in trip.Members)
        {
            if (ReferenceEquals(errand.Request.Statement.Text, GhostProbe.Text) && _hosts.ContainsKey(errand.Request.Id.Number))
            {
                _hosts[errand.Request.Id.Number] = host;
            }
        }
    }

    /// <summary>
    /// Answers to questions that were asked prove nothing any more: another budget counts its questions from the same number on.
    /// </summary>
    internal void Forget() => _hosts.Clear();

    /// <summary>What the answer proves; null when it is a refusal, or when it is not known who gave it.</summary>
    internal GhostSighting? Read(ProbeAnswered answered) =>
        _hosts.Remove(answered.Probe, out var host) && host is not null && answered.Reply is ErrandCompleted completed
            ? GhostProbe.Read(host, completed.Rows)
            : null;
}
