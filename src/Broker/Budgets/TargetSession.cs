using System.Collections.Immutable;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;

namespace Broker.Budgets;

/// <summary>What a fresh session says of its host.</summary>
/// <param name="InRecovery">pg_is_in_recovery().</param>
/// <param name="ReadOnly">transaction_read_only: on in recovery, or where default_transaction_read_only says so.</param>
internal readonly record struct SessionFacts(bool InRecovery, bool ReadOnly);

/// <summary>
/// Which of a server's hosts may serve: in which order they are tried, how often, and whether a session on one fits
/// `target-session-attrs`. The meanings are libpq's.
/// </summary>
internal static class TargetSession
{
    /// <summary>The hosts in the order to try them: as written, or with `load-balance-hosts` shuffled, so that brokers spread.</summary>
    internal static ImmutableArray<HostEndpoint> Order(ImmutableArray<HostEndpoint> hosts, bool balance, Random random)
    {
        if (!balance)
        {
            return hosts;
        }
        var shuffled = hosts.ToArray();
        random.Shuffle(shuffled);
        return ImmutableArray.Create(shuffled);
    }

    /// <summary>What to look for in each pass over all hosts: prefer-standby takes any host only when none was a standby.</summary>
    internal static ImmutableArray<TargetSessionAttributes> Passes(TargetSessionAttributes wanted) =>
        wanted == TargetSessionAttributes.PreferStandby ? [TargetSessionAttributes.Standby, TargetSessionAttributes.Any] : [wanted];

    /// <summary>Null when the session fits, else why not.</summary>
    internal static Failure? Check(PoolId pool, string server, TargetSessionAttributes wanted, SessionFacts facts) =>
        Fits(wanted, facts)
            ? null
            : new ServerUnavailable(pool, server, $"it is {Describe(facts)} (target-session-attrs is {KeyOf(wanted)})");

    /// <summary>Whether a session of such a host is one of those wanted.</summary>
    internal static bool Fits(TargetSessionAttributes wanted, SessionFacts facts) => wanted switch
    {
        TargetSessionAttributes.Any or TargetSessionAttributes.PreferStandby => true,
        TargetSessionAttributes.ReadWrite => !facts.ReadOnly && !facts.InRecovery,
        TargetSessionAttributes.ReadOnly => facts.ReadOnly || facts.InRecovery,
        TargetSessionAttributes.Primary => !facts.InRecovery,
        TargetSessionAttributes.Standby => facts.InRecovery,
    };

    private static string Describe(SessionFacts facts) => facts switch
    {
        { InRecovery: true } => "a standby",
        { ReadOnly: true } => "a primary whose sessions are read-only",
        _ => "a primary",
    };

    private static string KeyOf(TargetSessionAttributes wanted) => wanted switch
    {
        TargetSessionAttributes.Any => "any",
        TargetSessionAttributes.ReadWrite => "read-write",
        TargetSessionAttributes.ReadOnly => "read-only",
        TargetSessionAttributes.Primary => "primary",
        TargetSessionAttributes.Standby => "standby",
        TargetSessionAttributes.PreferStandby => "prefer-standby",
    };
}
