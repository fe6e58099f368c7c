using System.Text;

namespace Broker.Errands.Keyed;

/// <summary>What may be an idempotency key.</summary>
internal static class IdempotencyKeys
{
    private const int MostBytes = 200;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

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
