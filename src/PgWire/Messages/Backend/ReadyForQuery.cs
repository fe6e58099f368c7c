using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The server has done all that was asked and awaits the next.</summary>
/// <param name="Status">Whether it is in a transaction.</param>
public sealed record ReadyForQuery(TransactionStatus Status) : IBackendMessage, IReadable<ReadyForQuery>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.ReadyForQuery);
        writer.Byte((byte)Status);
        writer.End();
    }

    static ReadyForQuery IReadable<ReadyForQuery>.Read(ref WireReader body) => new(Read(ref body));

    private static TransactionStatus Read(ref WireReader body)
    {
        var status = (TransactionStatus)body.Byte();
        if (!Enum.IsDefined(status))
            body.Fail(WireErrorKind.BadField, $"a transaction status is {(byte)status}");
        return status;
    }
}
