using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// The transport below Akka.Remote between a client and a broker: plain sockets, with or without TLS, on which only what is allowed comes
/// through. It is what its actor system's setup says: a <see cref="ListeningEnd"/> never connects to anybody, a <see
/// cref="ConnectingEnd"/> lets nobody in.
/// </summary>
public sealed class SocketTransport : Akka.Remote.Transport.Transport, IDisposable
{
    /// <summary>How long a message may be, with its envelope, in bytes.</summary>
    internal const int LongestPayload = 128_000;

    private readonly ITransportEnd _end;

    /// <summary>Made by Akka.Remote, by the name of the type in its configuration.</summary>
    /// <exception cref="ConfigurationException">The actor system was set up with neither end.</exception>
    public SocketTransport(ActorSystem system, Config config)
    {
        (System, Config, SchemeIdentifier, MaximumPayloadBytes) = (system, config, VirtualAddress.Scheme, LongestPayload);
        var setup = system.Settings.Setup;
        _end = setup.Get<ListeningEnd>() is { HasValue: true, Value: var listening } ? new Listener(system, listening)
            : setup.Get<ConnectingEnd>() is { HasValue: true, Value: var connecting } ? new Dialer(system, connecting)
            : throw new ConfigurationException($"The actor system {system.Name} was set up with neither a listening nor a connecting end");
    }

    /// <inheritdoc/>
    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen() => _end.Listen();

    /// <inheritdoc/>
    public override bool IsResponsibleFor(Address remote) => true;

    /// <inheritdoc/>
    public override Task<AssociationHandle> Associate(Address remoteAddress) => _end.Associate(remoteAddress);

    /// <inheritdoc/>
    public override Task<bool> Shutdown()
    {
        Dispose();
        return Task.FromResult(true);
    }

    /// <summary>Closes all that is open; may be called again.</summary>
    public void Dispose() => _end.Dispose();
}
