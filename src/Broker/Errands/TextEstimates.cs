using Broker.Statements;

namespace Broker.Errands;

/// <summary>The estimate that all texts of one fingerprint share. Mutable: it belongs to the pool's actor.</summary>
internal sealed class SharedEstimate
{
    /// <summary>What is believed now.</summary>
    internal TextEstimate Value { get; set; } = TextEstimate.Unknown;
}

/// <summary>
/// Estimates per fingerprint, for as many as `errands.statements-cached`; when more come, the older half is forgotten. Mutable: it belongs
/// to the pool's actor.
/// </summary>
internal sealed class TextEstimates
{
    private readonly int _capacity;
    private Dictionary<Fingerprint, SharedEstimate> _young = [];
    private Dictionary<Fingerprint, SharedEstimate> _old = [];

    internal TextEstimates(int capacity) => _capacity = capacity;

    /// <summary>The estimate of a fingerprint; an unknown one when it was never seen or is forgotten.</summary>
    internal SharedEstimate Of(Fingerprint fingerprint)
    {
        if (_young.TryGetValue(fingerprint, out var known))
        {
            return known;
        }
        if (!_old.Remove(fingerprint, out var estimate))
        {
            estimate = new();
        }
        if (_young.Count >= _capacity / 2)
        {
            (_old, _young) = (_young, []);
        }
        return _young[fingerprint] = estimate;
    }
}
