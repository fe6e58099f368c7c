using Broker.Errands;

namespace Broker.Gateway.Traces;

/// <summary>What is known of a text.</summary>
/// <param name="Trace">What it leaves in a session.</param>
/// <param name="Lane">With what it may share a round trip; <see cref="TripLane.None"/>: with nothing.</param>
/// <param name="Parameters">The highest <c>$n</c> in it.</param>
/// <param name="Estimate">How long it takes, shared by all texts that differ in literals only.</param>
internal sealed record TextVerdict(SessionTrace Trace, TripLane Lane, int Parameters, SharedEstimate Estimate);
