namespace Broker.Configuration;

/// <summary>Which idle connection is taken next.</summary>
public enum PoolOrder
{
    /// <summary>The one idle for longest: each in turn.</summary>
    Fifo,

    /// <summary>The one used last: the others become idle and may be closed.</summary>
    Lifo,
}
