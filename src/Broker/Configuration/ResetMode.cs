namespace Broker.Configuration;

/// <summary>What is done when a connection that is not clean comes back.</summary>
public enum ResetMode
{
    /// <summary>
    /// An open transaction is rolled back at once; settings, locks and listeners are reset with the next use of the connection.
    /// </summary>
    Rollback,

    /// <summary>The same, but all of it at once, and statements prepared by hand too.</summary>
    DiscardAll,

    /// <summary>An open transaction is committed.</summary>
    Commit,

    /// <summary>Nothing.</summary>
    None,
}
