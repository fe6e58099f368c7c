namespace Broker.Configuration;

/// <summary>What is done when a connection that is not clean comes back.</summary>
public enum ResetMode
{
    /// <summary>An open transaction is rolled back; settings, locks and listeners are reset.</summary>
    Rollback,

    /// <summary>Everything of the session is discarded, prepared statements and temporary tables too.</summary>
    DiscardAll,

    /// <summary>An open transaction is committed.</summary>
    Commit,

    /// <summary>Nothing.</summary>
    None,
}
