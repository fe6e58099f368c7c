namespace Broker.Configuration;

/// <summary>Which of several hosts may serve.</summary>
public enum TargetSessionAttributes
{
    /// <summary>Any host that accepts.</summary>
    Any,

    /// <summary>One whose sessions may write.</summary>
    ReadWrite,

    /// <summary>One whose sessions are read-only.</summary>
    ReadOnly,

    /// <summary>One that is not in recovery.</summary>
    Primary,

    /// <summary>One that is in recovery.</summary>
    Standby,

    /// <summary>A standby, or any if there is none.</summary>
    PreferStandby,
}
