using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Connections;

namespace Broker.Pools;

/// <summary>What a slot's connection is doing.</summary>
internal enum SlotPhase
{
    /// <summary>Connecting.</summary>
    Opening,
    /// <summary>Open, clean, and nobody has it.</summary>
    Idle,
    /// <summary>On an errand's trip.</summary>
    Busy,
    /// <summary>Lent to a holder.</summary>
    Lent,
    /// <summary>Being proven alive.</summary>
    Pinging,
    /// <summary>Told to close; still counts, since the server still has it.</summary>
    Closing,
    /// <summary>Taken out of the limits for good by its holder; stays so until it is closed.</summary>
    Detached,
}

/// <summary>One place for a connection, from the permit to open it to the news that it is closed.</summary>
/// <param name="Id">Which connection.</param>
/// <param name="Permit">The budget's permit for it.</param>
/// <param name="Reserve">Whether it is the extra one that serves errands only.</param>
/// <param name="Generation">The pool's generation when the connect began; <see cref="Doomed"/> when it is not to be used again.</param>
/// <param name="ConnectRound">How many connects in a row had failed when this one began: failures of one wave count once.</param>
internal sealed record Slot(ConnectionId Id, PermitId Permit, bool Reserve, long Generation, int ConnectRound)
{
    /// <summary>Older than any generation.</summary>
    internal const long Doomed = -1;

    internal SlotPhase Phase { get; init; } = SlotPhase.Opening;

    /// <summary>When the present phase began.</summary>
    internal TimeSpan Since { get; init; }

    /// <summary>When it was opened, lent back or came back from a trip; decides about idle-timeout.</summary>
    internal TimeSpan LastUsedAt { get; init; }

    /// <summary>When it was last seen alive, pings included; decides about pings.</summary>
    internal TimeSpan LastAliveAt { get; init; }

    /// <summary>When it was opened or last answered a ping.</summary>
    internal TimeSpan PingedAt { get; init; }

    /// <summary>When it is too old, its own jitter included.</summary>
    internal TimeSpan ExpiresAt { get; init; } = Moment.Never;

    /// <summary>When it would like a keepalive ping, if still idle then.</summary>
    internal TimeSpan PingAt { get; init; } = Moment.Never;

    /// <summary>
    /// The suspicion (see <see cref="PoolState.Suspicion"/>) under which it was last proven alive; an older one means: ping before use.
    /// </summary>
    internal long ProvenIn { get; init; }

    /// <summary>Whether anybody has used it yet.</summary>
    internal bool Used { get; init; }

    /// <summary>Its place among the idle ones: higher came back later.</summary>
    internal long IdleStamp { get; init; }

    /// <summary>The server process, once open.</summary>
    internal BackendIdentity? Backend { get; init; }

    /// <summary>Who has it, while lent or detached.</summary>
    internal Lending? Lending { get; init; }

    /// <summary>
    /// Whether there is no connection of the pool's in it: it is lent to a holder that opens one of its own, and is gone when it comes
    /// back.
    /// </summary>
    internal bool IsForLink => Lending is { Waiter.SlotHolder: not null };
}

/// <summary>One lending of a connection.</summary>
/// <param name="Lease">Names it.</param>
/// <param name="Waiter">The request that it answered.</param>
/// <param name="Since">When it began.</param>
internal sealed record Lending(LeaseId Lease, Waiter Waiter, TimeSpan Since)
{
    /// <summary>Whether it has been called back.</summary>
    internal bool Revoked { get; init; }

    /// <summary>Whether its holder is dead or has withdrawn its request, so that nobody is to be told anything.</summary>
    internal bool Abandoned { get; init; }

    /// <summary>Whether it has been reported as a leak.</summary>
    internal bool Reported { get; init; }
}
