using Broker.Client.Protocol;

namespace Broker.Client.Remote.Frames;

/// <summary>
/// Names what must stay in order on the way: the messages of one errand, one stream, one conversation, or one caller. Lanes do not wait for
/// each other: a large message of one lets the small ones of others pass.
/// </summary>
internal readonly record struct LaneKey(long High, long Low)
{
    /// <summary>That of an errand or a stream.</summary>
    internal static LaneKey Of(ErrandId errand) => new(errand.Client, errand.Number);

    /// <summary>That of a conversation.</summary>
    internal static LaneKey Of(SessionId session)
    {
        Span<byte> bytes = stackalloc byte[16];
        session.Value.TryWriteBytes(bytes);
        return new(BitConverter.ToInt64(bytes), BitConverter.ToInt64(bytes[8..]));
    }

    /// <summary>That of everything told to one caller.</summary>
    internal static LaneKey OfCaller(long caller) => new(0, caller);
}
