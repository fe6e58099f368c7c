using System.Collections.Immutable;
using Akka.Actor;

namespace Broker.Gateway.Errands;

/// <summary>What the share of a pool tells the carrier of a link, and hears from it.</summary>
internal static class CarrierMessages
{
    /// <summary>Carries these in one round trip. Answered by <see cref="TripOver"/>, or by the loss of the link.</summary>
    internal sealed record RunTrip(ImmutableArray<WireErrand> Members) : INoSerializationVerificationNeeded;

    /// <summary>The trip is over, and the link at rest.</summary>
    /// <param name="Carrier">Whose.</param>
    /// <param name="Members">Who travelled.</param>
    /// <param name="Completed">How many of them were answered.</param>
    /// <param name="Elapsed">How long it took.</param>
    /// <param name="Work">How long the server worked on the members, by its own clock; null when it did not say.</param>
    /// <param name="Guilty">The member whose error ended a trip of writes; null when none did.</param>
    internal sealed record TripOver(IActorRef Carrier, ImmutableArray<WireErrand> Members, int Completed, TimeSpan Elapsed, TimeSpan? Work,
        WireErrand? Guilty)
        : INoSerializationVerificationNeeded;

    /// <summary>The share tells itself: errands that wait are to travel.</summary>
    internal sealed record Pump : INoSerializationVerificationNeeded
    {
        internal static readonly Pump Instance = new();
    }

    /// <summary>The link is back, and the carrier is not needed any more.</summary>
    internal sealed record Finish : INoSerializationVerificationNeeded
    {
        internal static readonly Finish Instance = new();
    }

    /// <summary>The link is wanted back. The carrier has no trip under way.</summary>
    internal sealed record GiveBack : INoSerializationVerificationNeeded
    {
        internal static readonly GiveBack Instance = new();
    }
}
