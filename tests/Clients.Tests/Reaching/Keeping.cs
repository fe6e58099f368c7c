namespace Broker.Clients.Tests.Reaching;

/// <summary>How long a client keeps the server connection it got: what it may rely on.</summary>
public enum Keeping
{
    /// <summary>For a statement: transactions of several are refused.</summary>
    Statement,

    /// <summary>To the end of its transaction: what a session remembers may be gone behind it.</summary>
    Transaction,

    /// <summary>Until it goes, as with the server itself.</summary>
    Session,
}
