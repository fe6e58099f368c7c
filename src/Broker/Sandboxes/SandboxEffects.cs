namespace Broker.Sandboxes;

/// <summary>What a sandbox's pool is to do.</summary>
internal interface ISandboxEffect;

internal static class SandboxEffects
{
    /// <summary>Borrow a connection and begin the outer transaction.</summary>
    internal sealed record Open : ISandboxEffect
    {
        internal static readonly Open Instance = new();
    }

    /// <summary>Let somebody have the connection.</summary>
    internal sealed record Give(TurnId Turn) : ISandboxEffect;

    /// <summary>Roll back what the holder left behind without committing it.</summary>
    internal sealed record Clear : ISandboxEffect
    {
        internal static readonly Clear Instance = new();
    }

    /// <summary>Refuse somebody who waits.</summary>
    internal sealed record Refuse(TurnId Turn, Failure Failure) : ISandboxEffect;

    /// <summary>Tell the holder that it has the connection no longer.</summary>
    internal sealed record Revoke(TurnId Turn, Failure Failure) : ISandboxEffect;

    /// <summary>Return the connection, whose transaction is rolled back with it.</summary>
    /// <param name="InUse">Whether something may be under way on it.</param>
    internal sealed record GiveUp(bool InUse) : ISandboxEffect;
}
