namespace Broker.Settlement;

/// <summary>What a caller is told whose key is in the ledger already.</summary>
internal abstract record LedgerAnswer
{
    private LedgerAnswer() { }

    /// <summary>The same write took effect before: this is what it answered; null if that was not kept.</summary>
    internal sealed record Repeated(RecordedResult? Result) : LedgerAnswer;

    /// <summary>A settlement refused the key: nothing of it took effect, and a new try needs a new key.</summary>
    internal sealed record WasRefused : LedgerAnswer;

    /// <summary>The key was used for something else: a mistake of the caller, and nothing is run.</summary>
    internal sealed record KeyReused : LedgerAnswer;

    internal static LedgerAnswer For(LedgerEntry entry, long fingerprint) => entry switch
    {
        { Verdict: LedgerVerdict.Refused } => new WasRefused(),
        _ when entry.Fingerprint != fingerprint => new KeyReused(),
        _ => new Repeated(entry.Result),
    };
}
