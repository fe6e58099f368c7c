using System.Collections.Immutable;
using System.Net;
using Akka.Actor.Setup;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// The end that connects to a broker: where it is, and how both sides prove who they are. It is for one wire, which is one actor system
/// and one connection: when that ended, another end and another system are made. It listens nowhere, and lets nobody in.
/// </summary>
public sealed class ConnectingEnd : Setup
{
    private readonly TaskCompletionSource _established = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="endPoints">Where the broker is, in the order of trial: an address, or a name, all of whose addresses are tried.</param>
    /// <param name="tls">How the sides prove who they are; null for none.</param>
    /// <param name="format">The messages that may come.</param>
    /// <exception cref="ArgumentException">There is no place to connect to.</exception>
    public ConnectingEnd(ImmutableArray<EndPoint> endPoints, TlsEnd? tls, WireFormat format)
    {
        if (endPoints.IsDefaultOrEmpty)
        {
            throw new ArgumentException("There is no place to connect to", nameof(endPoints));
        }

        (EndPoints, Tls, Format) = (endPoints, tls, format);
    }

    /// <summary>Where the broker is.</summary>
    public ImmutableArray<EndPoint> EndPoints { get; }

    /// <summary>How long connecting may take for each address, TLS included.</summary>
    public TimeSpan ConnectLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Within which limits the connection reads and writes.</summary>
    public ConnectionLimits Limits { get; init; } = new();

    /// <summary>The actors here that the broker may reach, with all below them.</summary>
    public ImmutableArray<string> Recipients { get; init; } = ["/temp", "/user"];

    /// <summary>The clock of all limits.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Is done when both sides know each other, and fails with a <see cref="RemoteConnectException"/> that says why when they will not.
    /// Nothing connects before the first message is sent to the broker.
    /// </summary>
    public Task Established => _established.Task;

    /// <summary>Is done when the wire ended, with the reason in words; it also is when there never was one.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>How both sides prove who they are; null for none.</summary>
    internal TlsEnd? Tls { get; }

    /// <summary>The messages that may come.</summary>
    internal WireFormat Format { get; }

    /// <summary>Tells that both sides know each other.</summary>
    internal void Establish() => _established.TrySetResult();

    /// <summary>Tells that there is no wire, or none any more.</summary>
    internal void End(string why)
    {
        if (_established.TrySetException(new RemoteConnectException(why)))
        {
            // Who does not ask is not told: nobody need look at this task.
            _ = _established.Task.Exception;
        }

        _ended.TrySetResult(why);
    }
}
