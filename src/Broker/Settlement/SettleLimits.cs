namespace Broker.Settlement;

/// <summary>How long a settlement may take.</summary>
/// <param name="Timeout">After this the outcome is told as unknown (`broker.errands.settle-timeout`).</param>
/// <param name="LockTimeout">How long one try waits for an original that is still in progress, when the ledger is asked.</param>
internal sealed record SettleLimits(TimeSpan Timeout, TimeSpan LockTimeout)
{
    internal static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    internal static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    /// <summary>The limits for a timeout: one try at the ledger takes at most a tenth of it, and at most 1 s.</summary>
    internal static SettleLimits For(TimeSpan timeout) =>
        new(timeout, TimeSpan.FromMilliseconds(Math.Clamp(timeout.TotalMilliseconds / 10, 10, 1_000)));
}
