using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;
using Broker.Diagnostics;

namespace Broker.Gateway.Links;

/// <summary>
/// Everything the links of a pool need to know. Values only, but for what they tell. Another replaces it when settings are read again.
/// </summary>
internal sealed record LinkPlan
{
    /// <summary>Which pool.</summary>
    internal required PoolId Pool { get; init; }

    /// <summary>Its server.</summary>
    internal required ServerSettings Server { get; init; }

    /// <summary>What its hosts are, as far as is known.</summary>
    internal required HostRoles Roles { get; init; }

    /// <summary>Its database.</summary>
    internal required DatabaseSettings Database { get; init; }

    /// <summary>Its user, and the pool's settings.</summary>
    internal required UserSettings User { get; init; }

    /// <summary>Where its links lead.</summary>
    internal ConnectionTarget Target => new(Server, Database, User);

    /// <summary>The gateway's settings.</summary>
    internal required GatewaySettings Gateway { get; init; }

    /// <summary>The clock.</summary>
    internal required TimeProvider Time { get; init; }

    /// <summary>What is measured of its clients and links; null where nobody measures.</summary>
    internal ShareTelemetry? Telemetry { get; init; }
}
