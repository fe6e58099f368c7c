namespace Broker.PgWire.Messages;

/// <summary>Where a session stands when the server is ready for the next query.</summary>
public enum TransactionStatus : byte
{
    /// <summary>In no transaction.</summary>
    Idle = (byte)'I',

    /// <summary>In a transaction.</summary>
    InTransaction = (byte)'T',

    /// <summary>In a transaction that failed: all is refused until its end.</summary>
    Failed = (byte)'E',
}
