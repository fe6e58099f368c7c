using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;

namespace Broker.Hosting;

/// <summary>A running broker was given settings that were read anew.</summary>
/// <param name="Taken">The paths of those that hold from now on.</param>
/// <param name="NeedRestart">The paths of those that are otherwise than at the start, and will hold after the next.</param>
public sealed record SettingsReloaded(ImmutableArray<string> Taken, ImmutableArray<string> NeedRestart) : IBrokerReply
{
    /// <summary>What a running gateway takes, each with all that is inside; it reads the files that are named there again each time.</summary>
    private static readonly ImmutableArray<string> TakenByGateway =
    [
        "broker.gateway.auth", "broker.gateway.auth-file", "broker.gateway.auth-query", "broker.gateway.hba", "broker.gateway.hba-file",
        "broker.gateway.tls.certificate", "broker.gateway.tls.key", "broker.gateway.tls.ca",
    ];

    /// <summary>What becomes of new settings.</summary>
    /// <param name="started">Those the broker was started with.</param>
    /// <param name="last">Those it was given last.</param>
    /// <param name="now">The new ones.</param>
    /// <param name="hasGateway">Whether there is a gateway.</param>
    internal static SettingsReloaded Between(BrokerSettings started, BrokerSettings last, BrokerSettings now, bool hasGateway) => new(
        [.. SettingsChanges.Between(last, now).Where(path => hasGateway && IsTaken(path))],
        [.. SettingsChanges.Between(started, now).Where(path => !hasGateway || !IsTaken(path))]);

    private static bool IsTaken(string path) =>
        TakenByGateway.Any(taken => path == taken || path.StartsWith(taken + ".", StringComparison.Ordinal));
}
