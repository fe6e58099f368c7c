using System.Collections.Immutable;
using Broker.Budgets;
using Broker.Configuration;
using TargetSessionAttributes = Broker.Configuration.TargetSessionAttributes;

namespace Broker.Connections;

/// <summary>
/// What was last seen of each host of one server: its role, or that it does not answer. It is believed for `host-recheck`, and only so far
/// that such hosts are tried last: a promotion, or a host that is back, is never missed for it. Shared by all connects to the server; a
/// value that is replaced.
/// </summary>
internal sealed class HostRoles(TimeSpan recheck, TimeProvider time)
{
    private ImmutableDictionary<HostEndpoint, Seen> _seen = ImmutableDictionary.Create<HostEndpoint, Seen>();

    private sealed record Seen(SessionFacts? Facts, long At);

    /// <summary>A host answered, as this.</summary>
    internal void Answered(HostEndpoint host, SessionFacts facts) => Put(host, new(facts, time.GetTimestamp()));

    /// <summary>A host did not answer.</summary>
    internal void WasDown(HostEndpoint host) => Put(host, new(null, time.GetTimestamp()));

    /// <summary>Whether a host is believed to be of no use now.</summary>
    internal bool RulesOut(HostEndpoint host, TargetSessionAttributes wanted) =>
        Volatile.Read(ref _seen).TryGetValue(host, out var seen) && time.GetElapsedTime(seen.At) < recheck
        && (seen.Facts is not { } facts || !TargetSession.Fits(wanted, facts));

    private void Put(HostEndpoint host, Seen seen) => ImmutableInterlocked.AddOrUpdate(ref _seen, host, seen, (_, _) => seen);
}
