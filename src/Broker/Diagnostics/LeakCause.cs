namespace Broker.Diagnostics;

/// <summary>Why a lease counts as leaked.</summary>
internal enum LeakCause
{
    /// <summary>Out for longer than `pool.leak-threshold`: perhaps only slow.</summary>
    Overdue,
    /// <summary>Given back by the finalizer: its holder forgot it.</summary>
    Forgotten,
}
