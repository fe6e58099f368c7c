namespace Broker.Configuration;

/// <summary>What happens when every connection is held by callers that each wait for one more.</summary>
public enum SelfStarvedAction
{
    /// <summary>The one who completes the circle fails at once with SelfStarved.</summary>
    Fail,

    /// <summary>It waits like any other, until its timeout.</summary>
    Wait,
}
