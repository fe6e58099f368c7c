using System.Net.Sockets;
using Akka.Actor;
using Akka.Event;
using Broker.Diagnostics;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Sockets;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Startup;

namespace Broker.Gateway.Clients;

/// <summary>A client has connected: told to the loop that takes it, to which the socket belongs from then on.</summary>
/// <param name="Socket">Not used yet.</param>
/// <param name="Origin">Where it comes from.</param>
internal sealed record TakeClient(Socket Socket, ClientOrigin Origin) : INoSerializationVerificationNeeded;

/// <summary>
/// A client has said what it wants: told to the loop of the pool that it will use. The channel is on that loop, or on none: then it is to
/// be attached there.
/// </summary>
/// <param name="Channel">Its socket, in clear.</param>
/// <param name="Startup">What it wants.</param>
/// <param name="Origin">Where it comes from, and what is known of it.</param>
/// <param name="Since">When it connected, as <see cref="TimeProvider.GetTimestamp"/> says it.</param>
internal sealed record ClientIntroduced(Channel Channel, StartupMessage Startup, ClientOrigin Origin, long Since)
    : INoSerializationVerificationNeeded
{
    /// <summary>What is left of a limit that began with the connection.</summary>
    internal TimeSpan LeftOf(TimeSpan limit, TimeProvider time) =>
        limit - time.GetElapsedTime(Since) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
}

/// <summary>
/// A client asks, on a connection of its own, to have what it does cancelled: told to the gateway's supervisor. Answered by
/// <see cref="CancelOver"/>, from wherever that is known first, unless somebody to whom it was passed dies.
/// </summary>
/// <param name="Request">With the key that it was given.</param>
/// <param name="Asker">Who keeps that connection open meanwhile.</param>
internal sealed record CancelAsked(CancelRequest Request, IActorRef Asker) : INoSerializationVerificationNeeded;

/// <summary>Who was told to cancel, a client or a link: told to the asker, who is not answered when that one dies.</summary>
internal sealed record CancelPassed(IActorRef To) : INoSerializationVerificationNeeded;

/// <summary>What the receiver, a client's actor, does for its client is to be cancelled.</summary>
/// <param name="Asker">Whom to tell <see cref="CancelOver"/>.</param>
internal sealed record CancelClient(IActorRef Asker) : INoSerializationVerificationNeeded;

/// <summary>A request to cancel has taken effect, or will never take any: nothing that the client sends from now on is hit by it.</summary>
internal sealed record CancelOver : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    internal static readonly CancelOver Instance = new();
}

/// <summary>A client was let in: told to the loop's actor, to which its channel belongs from then on.</summary>
/// <param name="Channel">Its socket, in clear.</param>
/// <param name="Input">What was read of it and not taken.</param>
/// <param name="Face">What is known of it.</param>
/// <param name="Memory">What it begins with.</param>
/// <param name="Share">The share of its pool.</param>
/// <param name="Telemetry">What is measured of the share.</param>
internal sealed record ClientEntered(Channel Channel, FrameInput Input, ClientFace Face, ClientMemory Memory, IActorRef Share,
    ShareTelemetry Telemetry)
    : INoSerializationVerificationNeeded;

/// <summary>
/// Asks the gateway's supervisor to let a client in that has proved who it is. Answered by <see cref="ClientAdmitted"/> or
/// <see cref="Client.Protocol.Messages.Refused"/>.
/// </summary>
/// <param name="User">Its name.</param>
/// <param name="Database">The database.</param>
/// <param name="Version">What it speaks.</param>
internal sealed record AdmitClient(string User, string Database, ProtocolVersion Version) : INoSerializationVerificationNeeded;

/// <summary>
/// The client is counted from now on, until <see cref="ClientLeft"/>, or <see cref="LoginEnded"/> before <see cref="KeyTaken"/>.
/// </summary>
/// <param name="Key">The key by which it cancels.</param>
internal sealed record ClientAdmitted(BackendKeyData Key) : INoSerializationVerificationNeeded;

/// <summary>Who cancels by this key from now on: told to the supervisor, by the client's actor.</summary>
internal sealed record KeyTaken(int Key, IActorRef Client) : INoSerializationVerificationNeeded;

/// <summary>
/// A login is over of which no client has come: told to the supervisor by who has asked it to let the client in, or might have. What it was
/// given, heard of or not, it gives back.
/// </summary>
internal sealed record LoginEnded(IActorRef Login) : INoSerializationVerificationNeeded;

/// <summary>An admitted client is gone.</summary>
internal sealed record ClientLeft(int Key) : INoSerializationVerificationNeeded;

/// <summary>The receiver, a client's actor, is to close its client with these words.</summary>
internal sealed record CloseClient(Failure Failure) : INoSerializationVerificationNeeded;
