using Broker.PgWire.Messages;
using Broker.PgWire.Values;

namespace Broker.PgWire.Startup;

/// <summary>Asks, on a connection of its own, to cancel what a session is doing; never answered.</summary>
/// <param name="ProcessId">As BackendKeyData told it.</param>
/// <param name="SecretKey">As BackendKeyData told it.</param>
public sealed record CancelRequest(int ProcessId, ReadOnlyMemory<byte> SecretKey) : IStartupPacket
{
    internal const int Code = (1234 << 16) | 5678;

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin();
        writer.Int32(Code);
        writer.Int32(ProcessId);
        writer.Bytes(SecretKey.Span);
        writer.End();
    }

    /// <summary>Not the key: records print their fields.</summary>
    public override string ToString() => $"{nameof(CancelRequest)} of {ProcessId}";

    internal static CancelRequest Read(ref WireReader body) => new(body.Int32(), CancelKeys.Read(ref body));
}
