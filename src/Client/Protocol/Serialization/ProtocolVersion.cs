namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// Counts changes of the messages. A newer peer's additional optional fields are passed over by an older one; what an older one could
/// not do without is sent only under a version that both understand.
/// </summary>
/// <param name="Number">Counts from 1.</param>
internal readonly record struct ProtocolVersion(int Number)
{
    /// <summary>What this build speaks.</summary>
    internal static ProtocolVersion Current { get; } = new(1);

    /// <summary>The oldest that this build understands.</summary>
    internal static ProtocolVersion Oldest { get; } = new(1);

    /// <summary>The newest version that both ends speak; null when there is none.</summary>
    /// <param name="theirOldest">The oldest that the peer understands.</param>
    /// <param name="theirCurrent">What the peer speaks.</param>
    internal static ProtocolVersion? Agree(ProtocolVersion theirOldest, ProtocolVersion theirCurrent)
    {
        var newest = new ProtocolVersion(Math.Min(Current.Number, theirCurrent.Number));
        return newest.Number >= Oldest.Number && newest.Number >= theirOldest.Number ? newest : null;
    }

    /// <summary>`v{n}`.</summary>
    public override string ToString() => $"v{Number}";
}
