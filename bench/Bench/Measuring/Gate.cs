namespace Broker.Bench.Measuring;

/// <summary>Tells the callers of a round whether what they do counts yet, and when to end.</summary>
internal sealed class Gate
{
    private volatile GatePhase _phase;

    public GatePhase Phase
    {
        get => _phase;
        set => _phase = value;
    }
}

internal enum GatePhase
{
    /// <summary>Callers run, nothing is recorded.</summary>
    Settling,

    /// <summary>Operations that begin and end in this phase are recorded.</summary>
    Measuring,

    /// <summary>Callers end after the operation they are in.</summary>
    Ended,
}
