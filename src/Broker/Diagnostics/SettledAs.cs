namespace Broker.Diagnostics;

/// <summary>What a settlement found out about a commit whose answer was lost.</summary>
internal enum SettledAs
{
    /// <summary>It was committed.</summary>
    Committed,
    /// <summary>It was not, and never will be.</summary>
    RolledBack,
    /// <summary>Nobody can tell.</summary>
    Unknown,
}
