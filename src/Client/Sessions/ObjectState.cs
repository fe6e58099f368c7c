namespace Broker.Client.Sessions;

/// <summary>What an object is to a session.</summary>
public enum ObjectState
{
    /// <summary>The session does not know it, and it has no row that the session knows of.</summary>
    Transient,
    /// <summary>Added, and not sent yet.</summary>
    Pending,
    /// <summary>It stands for a row. It may have changes that are not sent, or be marked to be deleted by the next flush.</summary>
    Persistent,
    /// <summary>Its row was deleted in this transaction; commit makes it detached, rollback persistent again.</summary>
    Deleted,
    /// <summary>It had a row, and the session knows it no more.</summary>
    Detached,
}
