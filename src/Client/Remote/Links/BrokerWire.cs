using System.Collections.Frozen;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Remote.Links;

/// <summary>
/// What may travel over a wire as a message of Akka.Remote: those of the login, and frames. All else travels inside frames.
/// </summary>
internal static class BrokerWire
{
    /// <summary>The name of the actor that a client talks to first.</summary>
    internal const string DoorName = "door";

    /// <summary>Where it is; below it are the ends of the clients that are in.</summary>
    internal const string DoorPath = $"/user/{DoorName}";

    private static readonly Type[] Messages =
    [
        typeof(Hello), typeof(Challenged), typeof(ProveUser), typeof(Admitted), typeof(Refused), typeof(LinkFrame), typeof(Goodbye),
    ];

    /// <summary>The serializer, and the version that is let through.</summary>
    internal static WireFormat Format { get; } = new(
        typeof(WireSerializer), typeof(RefusingSerializer), BrokerSerializer.Id,
        new[] { BrokerSerializer.Version, BrokerSerializer.FrameVersion }.ToFrozenSet(), [.. Messages]);
}
