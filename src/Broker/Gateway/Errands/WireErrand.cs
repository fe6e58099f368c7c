using Akka.Actor;
using Broker.Errands;
using Broker.Gateway.Prepared;
using Broker.PgWire.Values;

namespace Broker.Gateway.Errands;

/// <summary>A client's single statement outside a transaction, which may share a round trip with those of others.</summary>
internal abstract record WireErrand : INoSerializationVerificationNeeded
{
    private WireErrand()
    {
    }

    /// <summary>Whose.</summary>
    internal required IActorRef Client { get; init; }

    /// <summary>Which of the client's.</summary>
    internal required long Number { get; init; }

    /// <summary>With what it travels: <see cref="TripLane.Reads"/> or <see cref="TripLane.Writes"/>.</summary>
    internal required TripLane Lane { get; init; }

    /// <summary>When it came, as a TimeProvider timestamp.</summary>
    internal required long Arrived { get; init; }

    /// <summary>How long its text takes.</summary>
    internal required SharedEstimate Estimate { get; init; }

    /// <summary>A Query.</summary>
    internal sealed record Simple : WireErrand
    {
        /// <summary>Its text.</summary>
        internal required WireText Text { get; init; }
    }

    /// <summary>A series of Parse, Bind, Describe, Execute and Sync, of which Bind and Execute are always there.</summary>
    internal sealed record Series : WireErrand
    {
        /// <summary>What it runs: the text, not its number, which may end with the client while this is on its way.</summary>
        internal required PreparedText Text { get; init; }

        /// <summary>What its text was when its client prepared it; null when it prepares it itself.</summary>
        internal required StatementNumber? Statement { get; init; }

        /// <summary>Whether it begins with the Parse of it.</summary>
        internal required bool Parses { get; init; }

        /// <summary>Whether it describes the portal.</summary>
        internal required bool Describes { get; init; }

        /// <summary>The body of its Bind behind the two names.</summary>
        internal required ReadOnlyMemory<byte> Values { get; init; }
    }
}

/// <summary>What has become of an errand: told to its client.</summary>
/// <param name="Number">Which of the client's.</param>
/// <param name="Parsed">Whether its Parse, if it has one, was done.</param>
/// <param name="Answer">What the client is to be sent, ReadyForQuery behind it; null when it is to be run again alone.</param>
/// <param name="WaitedSince">Since when it has waited, if it was for a trip that never came, as a timestamp.</param>
internal sealed record ErrandAnswered(long Number, bool Parsed, ReadOnlyMemory<byte>? Answer, long? WaitedSince = null)
    : INoSerializationVerificationNeeded;
