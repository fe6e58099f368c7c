using System.Text;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Errands.Keyed;

/// <summary>What may be an idempotency key.</summary>
internal static class IdempotencyKeys
{
    private const int MostBytes = 200;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Why an errand cannot be run under its key; null when it can, or has none. A key that is silently ignored would be worse than none.
    /// </summary>
    internal static Failure? Refusal(RunErrand errand, PoolId pool, bool hasLedger) => errand.Limits.IdempotencyKey is not { } key ? null
        : errand.Unit is not null ? new KeyRefused("a unit of several statements takes none")
        : !hasLedger ? new LedgerUnavailable(pool, "no ledger is configured")
        : Check(key) is { } reason ? new KeyRefused(reason)
        : null;

    /// <summary>Why this is none; null when it is one.</summary>
    internal static string? Check(string key)
    {
        if (key.Length == 0)
        {
            return "it is empty";
        }
        if (key.Contains('\0', StringComparison.Ordinal))
        {
            return "PostgreSQL text holds no NUL";
        }
        try
        {
            return Strict.GetByteCount(key) is var bytes and > MostBytes ? $"it has {bytes} bytes" : null;
        }
        catch (EncoderFallbackException)
        {
            return "it holds half of a surrogate pair";
        }
    }
}
