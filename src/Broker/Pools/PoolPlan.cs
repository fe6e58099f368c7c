using Akka.Actor;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Gateway.Links;
using Broker.Listening;
using Broker.Settlement;

namespace Broker.Pools;

/// <summary>
/// Everything a pool's actor needs to know. Values and references only; how its children are made is a function, so that specs can script
/// them.
/// </summary>
internal sealed record PoolPlan
{
    private static readonly TimeSpan RetiredIdle = TimeSpan.FromSeconds(1);

    /// <summary>Which pool.</summary>
    internal required PoolId Pool { get; init; }

    /// <summary>Its own settings.</summary>
    internal required PoolSettings Settings { get; init; }

    /// <summary>How its errands are packed.</summary>
    internal required PackingSettings Packing { get; init; }

    /// <summary>How its errands run.</summary>
    internal required ErrandSettings Errands { get; init; }

    /// <summary>Its weight among the pools of its server.</summary>
    internal required int Weight { get; init; }

    /// <summary>How many connections trips may use at the most.</summary>
    internal required int MostTrips { get; init; }

    /// <summary>How many leases a status lists.</summary>
    internal required int HoldersShown { get; init; }

    /// <summary>The budget of its server.</summary>
    internal required IActorRef Budget { get; init; }

    /// <summary>What is logged beside the usual.</summary>
    internal required LogSettings Log { get; init; }

    /// <summary>What is told to listeners of the activity source.</summary>
    internal required TracingOptions Tracing { get; init; }

    /// <summary>What is measured.</summary>
    internal required BrokerMeter Meter { get; init; }

    /// <summary>The clock.</summary>
    internal required TimeProvider Time { get; init; }

    /// <summary>Where its numbers stand, from one incarnation to the next.</summary>
    internal PoolNumbers Numbers { get; } = new();

    /// <summary>Where its jitter begins.</summary>
    internal required ulong Seed { get; init; }

    /// <summary>How a connection's actor is made, for this pool's actor. The flag says that it is to run the first-connect hooks.</summary>
    internal required Func<ConnectionId, bool, IActorRef, Props> Connection { get; init; }

    /// <summary>How its listener is made.</summary>
    internal required Func<Props> Listener { get; init; }

    /// <summary>What its listener goes by; null where nobody listens.</summary>
    internal ListenerPlan? Listening { get; init; }

    /// <summary>How links are opened in its slots; null where nobody opens any.</summary>
    internal LinkPlan? Links { get; init; }

    /// <summary>Whether there are first-connect hooks.</summary>
    internal bool HasFirstConnect { get; init; }

    /// <summary>What the settler of a transaction in doubt needs, given who counts its outcome.</summary>
    internal required Func<Action<SettledOutcome>, SettlerPlan> Settler { get; init; }

    /// <summary>
    /// The plan of a pool that is configured no longer: it serves those who have it, keeps nothing ready for others, and soon has nothing
    /// open.
    /// </summary>
    internal PoolPlan Retired()
    {
        var settings = Settings with { MinIdle = 0, IdleTimeout = RetiredIdle };
        var links = Links is { } former ? former with { User = former.User with { Pool = settings } } : null;
        return this with { Settings = settings, Links = links };
    }

    /// <summary>Whether connections that were opened by the other are as good as those that are opened by this.</summary>
    internal bool HasTargetOf(PoolPlan other) =>
        Links is not { } links || other.Links is not { } others || links.Target.IsSameAs(others.Target);
}
