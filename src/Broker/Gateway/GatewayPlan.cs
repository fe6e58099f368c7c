using System.Collections.Immutable;
using Akka.Actor;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Gateway.Loops;

namespace Broker.Gateway;

/// <summary>Everything the actors of the gateway need to know that does not change while it runs. Values and references only.</summary>
internal sealed record GatewayPlan
{
    /// <summary>The gateway's settings.</summary>
    internal required GatewaySettings Settings { get; init; }

    /// <summary>Its supervisor: admits clients, and finds those that are to be cancelled.</summary>
    internal required IActorRef Supervisor { get; init; }

    /// <summary>The directory of pools.</summary>
    internal required IActorRef Pools { get; init; }

    /// <summary>The clock.</summary>
    internal required TimeProvider Time { get; init; }

    /// <summary>What is measured.</summary>
    internal required GatewayTelemetry Telemetry { get; init; }

    /// <summary>The loops.</summary>
    internal required ImmutableArray<LoopHome> Loops { get; init; }

    /// <summary>
    /// The loop of a database's clients: one for all, so that what they send can share round trips, and no statement crosses a thread.
    /// </summary>
    internal LoopHome HomeOf(string database)
    {
        var hash = 0;
        foreach (var letter in database)
        {
            hash = unchecked((hash * 31) + letter);
        }
        return Loops[(int)((uint)hash % (uint)Loops.Length)];
    }
}

/// <summary>A loop and the actor that all others on it are children of.</summary>
internal sealed record LoopHome(ILoop Loop, IActorRef Actor);
