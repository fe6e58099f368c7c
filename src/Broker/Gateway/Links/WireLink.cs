using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;
using Broker.Diagnostics;
using Broker.Gateway.Prepared;
using Broker.Gateway.Sockets;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using Broker.Statements;

namespace Broker.Gateway.Links;

/// <summary>
/// A server connection of the gateway: its socket, what it was given at its login, and what has become of it since. It belongs to the owner
/// of its port: the link's own actor while it is idle, a client's while it is lent. Not thread-safe; never leaves its loop.
/// </summary>
internal sealed class WireLink
{
    private LinkPhase _phase = LinkPhase.Idle;

    /// <summary>Its own actor.</summary>
    internal required IActorRef Actor { get; init; }

    /// <summary>Its slot in the pool.</summary>
    internal required LeaseId Slot { get; init; }

    /// <summary>Its name in the pool.</summary>
    internal required ConnectionId Connection { get; init; }

    /// <summary>Where its server is.</summary>
    internal required HostEndpoint Host { get; init; }

    /// <summary>Its socket, in clear.</summary>
    internal required Channel Channel { get; init; }

    /// <summary>
    /// Reads what the server sends. What it has read and nobody has taken comes before what the channel gives: an idle server may have said
    /// a part of something unasked.
    /// </summary>
    internal required FrameInput Input { get; init; }

    /// <summary>What cancels what it does; null when the server gave nothing.</summary>
    internal required BackendKeyData? Key { get; init; }

    /// <summary>What is spoken on it.</summary>
    internal required ProtocolVersion Version { get; init; }

    /// <summary>Its server process.</summary>
    internal required BackendIdentity Backend { get; init; }

    /// <summary>What its session presumes where a statement says nothing.</summary>
    internal required PoolDefaults Presumes { get; init; }

    /// <summary>What the server reported at the login: what a client without wishes of its own has.</summary>
    internal required ImmutableDictionary<WireText, WireText> Defaults { get; init; }

    /// <summary>What the server has reported last of each of its settings.</summary>
    internal required Dictionary<WireText, WireText> Settings { get; init; }

    /// <summary>
    /// Values of which it was found that nothing has to be said to have them, whoever's; null when the server has reported anything since.
    /// </summary>
    internal ImmutableDictionary<WireText, WireText>? Fits { get; set; }

    /// <summary>
    /// The SETs of a client that were applied to it, by the names of the settings: nothing else was set on it, unless it is dirty.
    /// </summary>
    internal ImmutableSortedDictionary<string, WireText> Applied { get; set; } =
        ImmutableSortedDictionary.Create<string, WireText>(StringComparer.Ordinal);

    /// <summary>What is prepared on it.</summary>
    internal required LinkStatements Statements { get; init; }

    /// <summary>When it was opened, as <see cref="TimeProvider.GetTimestamp"/> says it.</summary>
    internal required long OpenedAt { get; init; }

    /// <summary>What it is doing. Who takes it over says so: on one loop nobody reads it in between.</summary>
    internal LinkPhase Phase
    {
        get => _phase;
        set
        {
            Telemetry?.LinkIs(_phase, value);
            _phase = value;
        }
    }

    /// <summary>Hears what it is doing; null when nobody wants to know.</summary>
    internal ShareTelemetry? Telemetry { get; init; }

    /// <summary>Who has it; null while nobody has.</summary>
    internal IActorRef? Borrower { get; set; }

    /// <summary>Whether somebody else may use it.</summary>
    internal LinkUse Use { get; } = new();
}
