namespace Broker.Client.Executing;

/// <summary>How an executor runs its work.</summary>
public sealed record ExecutorOptions
{
    /// <summary>16 at a time, retried by default.</summary>
    public static ExecutorOptions Default { get; } = new();

    /// <summary>How many units of work run at a time, 1 or more.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int Concurrency
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "at least one runs at a time");
    } = 16;

    /// <summary>How often one is run again.</summary>
    public RetryPolicy Retry { get; init; } = RetryPolicy.Default;

    /// <summary>The clock of the pauses between attempts.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
