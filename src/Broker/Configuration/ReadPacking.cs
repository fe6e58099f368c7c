namespace Broker.Configuration;

/// <summary>How reads of different callers share a round trip.</summary>
public enum ReadPacking
{
    /// <summary>Each travels alone.</summary>
    Off,

    /// <summary>In one read-only transaction.</summary>
    Group,
}
