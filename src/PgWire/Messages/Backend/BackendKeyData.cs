using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>What a cancel request must show.</summary>
/// <param name="ProcessId">Of the server process.</param>
/// <param name="SecretKey">4 bytes in protocol 3.0, 4 to 256 in 3.2.</param>
public sealed record BackendKeyData(int ProcessId, ReadOnlyMemory<byte> SecretKey) : IBackendMessage, IReadable<BackendKeyData>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.BackendKeyData);
        writer.Int32(ProcessId);
        writer.Bytes(SecretKey.Span);
        writer.End();
    }

    static BackendKeyData IReadable<BackendKeyData>.Read(ref WireReader body) => new(body.Int32(), Secret(ref body));

    /// <summary>Not the key: records print their fields.</summary>
    public override string ToString() => $"{nameof(BackendKeyData)} of {ProcessId}";

    private static ReadOnlyMemory<byte> Secret(ref WireReader body) => CancelKeys.Read(ref body);
}
