// Akka has a Failure of its own, which the broker never uses.
global using Failure = Broker.Client.Protocol.Failures.Failure;
