using System.Collections.Immutable;

namespace Broker.Client.Remote.Transport;

/// <summary>What one end lets in.</summary>
/// <param name="Own">This side's Akka address: the only one that a recipient may have.</param>
/// <param name="OtherHost">The host that the other side says it has: <see cref="VirtualAddress.Door"/> or <see
/// cref="VirtualAddress.Client"/>.</param>
/// <param name="Format">The serializer and the manifests that may come.</param>
/// <param name="Recipients">The actors that may be reached.</param>
internal sealed record PduRules(Akka.Actor.Address Own, string OtherHost, WireFormat Format, ReachablePaths Recipients)
{
    /// <summary>The beginning of each recipient's path.</summary>
    public ImmutableArray<byte> OwnPrefix { get; } = [.. VirtualAddress.Prefix(Own.System, Own.Host)];
}
