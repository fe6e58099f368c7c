namespace Broker.Client.Sessions;

/// <summary>How a row is got by its key.</summary>
public sealed record GetOptions
{
    /// <summary>From memory when it is known and not out of date.</summary>
    public static GetOptions Default { get; } = new();

    /// <summary>Locks the row until the transaction ends (manual, section 13.3.2); it is then always asked of the server.</summary>
    public RowLock Locking { get; init; }

    /// <summary>Always asks the server, and overwrites what is known, changes that were not sent included.</summary>
    public bool Refresh { get; init; }

    internal bool AsksServer => Refresh || Locking != RowLock.None;
}

/// <summary>The row locks of SELECT (manual, section 13.3.2).</summary>
public enum RowLock
{
    /// <summary>None.</summary>
    None,
    /// <summary>FOR UPDATE: waits for others.</summary>
    ForUpdate,
    /// <summary>FOR NO KEY UPDATE.</summary>
    ForNoKeyUpdate,
    /// <summary>FOR SHARE.</summary>
    ForShare,
    /// <summary>FOR KEY SHARE.</summary>
    ForKeyShare,
}
