namespace Broker.Configuration;

/// <summary>How writes of different callers share a round trip.</summary>
public enum WritePacking
{
    /// <summary>Each travels alone.</summary>
    Off,

    /// <summary>One round trip, each its own commit; no rows may come back.</summary>
    Barrier,

    /// <summary>In one transaction, with one flush of the log.</summary>
    Group,
}
