using System.Collections.Immutable;
using Broker.Client.Protocol;

namespace Broker.Pools;

/// <summary>One request for a lease.</summary>
/// <param name="Id">Names it, and is its place in the line.</param>
/// <param name="Since">When it came. All moments of a pool are counted from the pool's start, on a clock that never goes back.</param>
/// <param name="Deadline">When it must have been answered.</param>
/// <param name="Queueing">Whether it may stand in line behind others; otherwise it waits at most for a connection opened for it.</param>
/// <param name="Holder">Who asks: member, file and line, or an actor's path.</param>
/// <param name="Purpose">What for; empty when not said.</param>
/// <param name="Held">The leases that the asking flow holds already.</param>
internal sealed record Waiter(
    WaiterId Id, TimeSpan Since, TimeSpan Deadline, bool Queueing, string Holder, string Purpose, ImmutableArray<LeaseId> Held)
{
    /// <summary>Who asks for a slot for a link; null when a connection is asked for.</summary>
    internal SlotHolder? SlotHolder { get; init; }
}
