using Broker.Budgets;
using Broker.Configuration;
using TargetSessionAttributes = Broker.Configuration.TargetSessionAttributes;

namespace Broker.Connections;

/// <summary>
/// Which hosts of a server are tried for one connection, in which order, and what each must be. A host that is believed to be of no use is
/// left for the end: roles change, and what was believed is tried before there is no connection. For one connect, and one who asks.
/// </summary>
internal sealed class HostChoice(ServerSettings server, HostRoles roles)
{
    private readonly HashSet<HostEndpoint> _down = [];

    /// <summary>A host does not answer: it is tried last from now on, and no more for this connection.</summary>
    internal void WasDown(HostEndpoint host)
    {
        roles.WasDown(host);
        _down.Add(host);
    }

    /// <summary>The hosts to try, until one is taken. What became of the one before is taken into account.</summary>
    internal IEnumerable<(HostEndpoint Host, TargetSessionAttributes Target)> Tries()
    {
        var hosts = TargetSession.Order(server.Hosts, server.LoadBalanceHosts, Random.Shared);
        var later = new List<(HostEndpoint Host, TargetSessionAttributes Target)>();
        foreach (var target in TargetSession.Passes(server.TargetSessionAttrs))
        {
            foreach (var host in hosts)
            {
                if (hosts.Length > 1 && roles.RulesOut(host, target))
                {
                    later.Add((host, target));
                    continue;
                }
                yield return (host, target);
            }
        }
        foreach (var one in later.Where(one => !_down.Contains(one.Host)))
        {
            yield return one;
        }
    }
}
