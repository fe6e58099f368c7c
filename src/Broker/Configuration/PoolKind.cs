namespace Broker.Configuration;

/// <summary>How a pool keeps its connections.</summary>
public enum PoolKind
{
    /// <summary>Keeps up to <c>size</c>, opens up to <c>overflow</c> more, then callers wait.</summary>
    Queue,

    /// <summary>Opens and closes for each use.</summary>
    Null,

    /// <summary>One connection for all callers.</summary>
    Static,

    /// <summary>One connection may be out; a second caller fails and is shown the first.</summary>
    Assertion,
}
