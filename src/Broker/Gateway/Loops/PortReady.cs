using Akka.Actor;

namespace Broker.Gateway.Loops;

/// <summary>
/// Tells a port's owner to look at it: there is something to read, there is room to write again, or it is over. Each state takes it, and
/// <see cref="Port.Look"/> comes first, else no second one ever comes. A message about a port that is not owned (any more) is passed over.
/// </summary>
/// <param name="Port">The port.</param>
internal sealed record PortReady(Port Port) : INoSerializationVerificationNeeded, INotInfluenceReceiveTimeout;
