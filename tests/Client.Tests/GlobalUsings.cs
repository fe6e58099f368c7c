global using Xunit;
global using Failure = Broker.Client.Protocol.Failures.Failure;
