using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.PgWire.Startup;

namespace Broker.Gateway.Clients;

/// <summary>What is known of a client that was let in.</summary>
/// <param name="User">What it calls itself.</param>
/// <param name="Pool">Its pool.</param>
/// <param name="Mode">How long it keeps a link.</param>
/// <param name="Version">What it speaks.</param>
/// <param name="Key">The number by which it cancels.</param>
/// <param name="Origin">Where it comes from.</param>
internal sealed record ClientFace(string User, PoolId Pool, PoolMode Mode, ProtocolVersion Version, int Key, ClientOrigin Origin)
{
    /// <inheritdoc/>
    public override string ToString() => $"{User}@{Pool.Database} from {Origin}";
}
