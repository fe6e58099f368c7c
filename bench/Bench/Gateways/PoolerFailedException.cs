namespace Broker.Bench.Gateways;

/// <summary>A contender did not do what it was asked to.</summary>
internal sealed class PoolerFailedException(string message) : Exception(message);
