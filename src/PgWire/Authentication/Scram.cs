using System.Security.Cryptography;
using System.Text;

namespace Broker.PgWire.Authentication;

/// <summary>What both sides of SCRAM-SHA-256 (RFC 5802, RFC 7677) calculate, and how their messages are cut.</summary>
internal static class Scram
{
    internal const int HashLength = 32;

    /// <summary>As many random bytes as PostgreSQL takes.</summary>
    internal const int NonceLength = 18;

    internal static byte[] SaltedPassword(string password, ReadOnlySpan<byte> salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(SaslPrep.Prepare(password), salt, iterations, HashAlgorithmName.SHA256, HashLength);

    internal static byte[] ClientKey(ReadOnlySpan<byte> saltedPassword) => HMACSHA256.HashData(saltedPassword, "Client Key"u8);

    internal static byte[] ServerKey(ReadOnlySpan<byte> saltedPassword) => HMACSHA256.HashData(saltedPassword, "Server Key"u8);

    internal static byte[] StoredKey(ReadOnlySpan<byte> clientKey) => SHA256.HashData(clientKey);

    internal static byte[] Sign(ReadOnlySpan<byte> key, string authMessage) =>
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(authMessage));

    internal static byte[] Xor(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var result = new byte[left.Length];
        for (var i = 0; i < result.Length; i++)
            result[i] = (byte)(left[i] ^ right[i]);
        return result;
    }

    internal static string NewNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(NonceLength));

    /// <summary>A nonce is printable ASCII without a comma.</summary>
    internal static bool IsNonce(string text) => text.Length > 0 && text.All(static c => c is > ' ' and <= '~' and not ',');

    /// <summary>The value of `name=value`; null when the field is another.</summary>
    internal static string? Field(string field, char name) => field.Length >= 2 && field[0] == name && field[1] == '=' ? field[2..] : null;

    /// <summary>Bytes in Base64, or null. White space is none of it, though .NET passes over it.</summary>
    internal static byte[]? Base64(string? text)
    {
        if (text is null || text.Any(char.IsWhiteSpace))
            return null;
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }

    /// <summary>A message as text, or null when it is none.</summary>
    internal static string? Text(ReadOnlySpan<byte> message)
    {
        try
        {
            return Strict.GetString(message);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
