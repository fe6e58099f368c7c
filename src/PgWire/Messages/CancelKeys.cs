using Broker.PgWire.Values;

namespace Broker.PgWire.Messages;

/// <summary>The limits of a secret key: 4 bytes in protocol 3.0, up to 256 in 3.2.</summary>
internal static class CancelKeys
{
    internal const int ShortestKey = 4;
    internal const int LongestKey = 256;

    internal static ReadOnlyMemory<byte> Read(ref WireReader body)
    {
        if (body.Remaining is < ShortestKey or > LongestKey)
            body.Fail(WireErrorKind.BadField, $"a secret key has {body.Remaining} bytes; it may have {ShortestKey} to {LongestKey}");
        return body.Rest();
    }
}
