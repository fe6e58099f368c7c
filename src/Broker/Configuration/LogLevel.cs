namespace Broker.Configuration;

/// <summary>How much is logged: a level and all above it.</summary>
public enum LogLevel
{
    /// <summary>Every connection, lease and trip, with its ids.</summary>
    Debug,
    /// <summary>What an operator may want to know: starts, stops, replaced connections.</summary>
    Information,
    /// <summary>What may need attention: leaks, slow statements, connects that fail.</summary>
    Warning,
    /// <summary>What failed for good.</summary>
    Error,
}
