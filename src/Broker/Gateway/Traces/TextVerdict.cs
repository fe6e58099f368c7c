using Broker.Errands;

namespace Broker.Gateway.Traces;

/// <summary>What is known of a text.</summary>
/// <param name="Trace">What it leaves in a session.</param>
/// <param name="Packs">Whether it is a read that may share a round trip with those of others.</param>
/// <param name="Parameters">The highest <c>$n</c> in it.</param>
/// <param name="Estimate">How long it takes, shared by all texts that differ in literals only.</param>
internal sealed record TextVerdict(SessionTrace Trace, bool Packs, int Parameters, SharedEstimate Estimate);
