using System.Collections.Immutable;
using Akka.Actor;
using Broker.Diagnostics;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.Gateway.Traces;
using Broker.PgWire.Logins;
using Broker.PgWire.Values;
using Broker.Pools;

namespace Broker.Gateway.Shares;

/// <summary>What clients of a loop, and the loop's actor, tell the share of a pool there.</summary>
internal static class ShareCommands
{
    /// <summary>
    /// Asks for what a session of this pool begins with. Answered by <see cref="Greeting"/> or
    /// <see cref="Client.Protocol.Messages.Refused"/>.
    /// </summary>
    /// <param name="Shown">What the client has shown at its login, which may open links; null for nothing.</param>
    internal sealed record Greet(Credential? Shown) : INoSerializationVerificationNeeded;

    /// <summary>
    /// Asks for a link. Answered to the client by <see cref="LinkLent"/> or <see cref="Client.Protocol.Messages.Refused"/>. Made once by
    /// each client, as a rule.
    /// </summary>
    /// <param name="Client">Who.</param>
    /// <param name="Since">Since when it has waited, where it has waited elsewhere before, as a timestamp.</param>
    internal sealed record WantLink(IActorRef Client, long? Since = null) : INoSerializationVerificationNeeded;

    /// <summary>
    /// The client wants no link any more. One that it was lent meanwhile it gives back, unless it has ended: then it never hears of it, and
    /// the share takes it back.
    /// </summary>
    /// <param name="Client">Who.</param>
    /// <param name="HasEnded">Whether the client hears nothing any more.</param>
    internal sealed record LeaveLine(IActorRef Client, bool HasEnded = false) : INoSerializationVerificationNeeded;

    /// <summary>A link is back. Its port was given to its own actor before.</summary>
    /// <param name="Link">Which.</param>
    /// <param name="Condition">How it is.</param>
    internal sealed record LinkReturned(WireLink Link, LinkCondition Condition) : INoSerializationVerificationNeeded;

    /// <summary>The gateway closes: idle links end, and those in use when they come back.</summary>
    internal sealed record Stop : INoSerializationVerificationNeeded
    {
        internal static readonly Stop Instance = new();
    }
}

/// <summary>What a session begins with.</summary>
/// <param name="Defaults">What the server reported when a link was opened.</param>
internal sealed record Greeting(ImmutableDictionary<WireText, WireText> Defaults) : INoSerializationVerificationNeeded
{
    /// <summary>
    /// What a client is told: the name that the pool shows to servers is not its own, and it has none before it gives one, as at the
    /// server.
    /// </summary>
    internal ImmutableDictionary<WireText, WireText> Told { get; } = Defaults.SetItem(LinkTuning.ApplicationName, WireText.Empty);

    /// <summary>Whether a session that began with these values begins so. Then it stays as it is, and all clients share it.</summary>
    internal bool IsOf(ImmutableDictionary<WireText, WireText> defaults) =>
        Defaults.Count == defaults.Count && Defaults.All(one => defaults.TryGetValue(one.Key, out var value) && value == one.Value);
}

/// <summary>
/// The receiver has the link, and owns its port from now on, until it gives it back by <see cref="ShareCommands.LinkReturned"/>.
/// </summary>
internal sealed record LinkLent(WireLink Link) : INoSerializationVerificationNeeded;

/// <summary>The link is taken back from the receiver, which gives it back in whatever state it is.</summary>
/// <param name="Link">Which.</param>
/// <param name="Reason">Why, in words.</param>
internal sealed record LinkRecalled(WireLink Link, string Reason) : INoSerializationVerificationNeeded;

/// <summary>
/// Asks the loop's actor for the share of a pool, which it makes when there is none. Answered by <see cref="ShareFound"/>.
/// </summary>
internal sealed record FindShare(GatewayPoolFound Pool) : INoSerializationVerificationNeeded;

/// <summary>The loop's actor tells who asked for it the share of a pool.</summary>
/// <param name="Share">Its actor.</param>
/// <param name="Book">The prepared texts of the pool on the loop.</param>
/// <param name="Verdicts">What its texts leave in a session.</param>
/// <param name="Buffers">Where the loop's actors write to.</param>
/// <param name="Telemetry">What is measured.</param>
internal sealed record ShareFound(IActorRef Share, StatementBook Book, TextVerdicts Verdicts, ExchangeBuffers Buffers,
    ShareTelemetry Telemetry)
    : INoSerializationVerificationNeeded;

/// <summary>How a link comes back.</summary>
internal enum LinkCondition
{
    /// <summary>Fit for the next.</summary>
    Clean,

    /// <summary>It was not used, because its server has said something that is to be heard first.</summary>
    Unheard,

    /// <summary>At rest, with nothing left in the session, but a cancel that is on its way may still reach it.</summary>
    Cancelled,

    /// <summary>Its user left something in the session, or it is in the middle of something.</summary>
    Dirty,

    /// <summary>The server has ended it, or nobody knows any more what it says.</summary>
    Broken,
}

/// <summary>A share is gone, and its links with it: told to all clients of the loop, of which those that use it are closed.</summary>
internal sealed record ShareEnded(IActorRef Share, Failure Failure) : INoSerializationVerificationNeeded;
