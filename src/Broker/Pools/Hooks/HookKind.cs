namespace Broker.Pools.Hooks;

/// <summary>When a hook runs.</summary>
public enum HookKind
{
    /// <summary>
    /// Once per pool, on the first connection that opens, before <see cref="Connect"/>; every other connection waits for it.
    /// </summary>
    FirstConnect,

    /// <summary>On each connection when it has just been opened.</summary>
    Connect,

    /// <summary>On a connection that is about to be lent, before its borrower has it. Errands borrow nothing.</summary>
    Checkout,

    /// <summary>On a connection that came back, before an open transaction is ended.</summary>
    Reset,

    /// <summary>On a connection that came back and is clean, before it is offered to the next.</summary>
    Checkin,

    /// <summary>On a connection that is not to be used again because it was invalidated, revoked or found broken.</summary>
    Invalidate,

    /// <summary>On each connection before it is closed, for whatever reason.</summary>
    Close,
}
