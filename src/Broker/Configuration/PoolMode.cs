namespace Broker.Configuration;

/// <summary>How long a client of the gateway keeps the server connection that it got.</summary>
public enum PoolMode
{
    /// <summary>Until it goes.</summary>
    Session,

    /// <summary>To the end of its transaction.</summary>
    Transaction,

    /// <summary>To the end of its statement; a transaction of several is refused.</summary>
    Statement,
}
