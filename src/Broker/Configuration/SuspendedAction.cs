namespace Broker.Configuration;

/// <summary>What new callers meet while a pool is suspended.</summary>
public enum SuspendedAction
{
    /// <summary>They wait within their timeout, and are served on resume.</summary>
    Hold,

    /// <summary>They are refused at once.</summary>
    Refuse,
}
