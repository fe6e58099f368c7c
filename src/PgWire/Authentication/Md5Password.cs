using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Broker.PgWire.Authentication;

/// <summary>
/// Passwords by MD5, as old servers and clients still want them: <c>md5</c> and the digits of MD5(MD5(password, user), salt). What a server
/// keeps of the password is enough to log in with.
/// </summary>
[SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms",
    Justification = "the protocol's own method; SCRAM is the one to use")]
public static class Md5Password
{
    private const string Prefix = "md5";

    /// <summary>How long the kept form and the answer are.</summary>
    private const int Length = 35;

    /// <summary>What a server keeps: <c>md5</c> and 32 digits.</summary>
    public static string Keep(string user, string password) => Hash(Encoding.UTF8.GetBytes(password), Encoding.UTF8.GetBytes(user));

    /// <summary>Whether a text has the form of what a server keeps.</summary>
    public static bool IsKept(string text) =>
        text.Length == Length
            && text.StartsWith(Prefix, StringComparison.Ordinal)
            && text.Skip(Prefix.Length).All(char.IsAsciiHexDigitLower);

    /// <summary>What the client answers to a salt.</summary>
    /// <param name="kept">What <see cref="Keep"/> gives.</param>
    /// <param name="salt">4 bytes of the server.</param>
    public static string Answer(string kept, ReadOnlySpan<byte> salt) => Hash(Encoding.ASCII.GetBytes(kept[Prefix.Length..]), salt);

    /// <summary>Whether an answer is right; takes as long whether it is or not.</summary>
    public static bool Fits(ReadOnlySpan<byte> answer, string kept, ReadOnlySpan<byte> salt) =>
        CryptographicOperations.FixedTimeEquals(answer, Encoding.ASCII.GetBytes(Answer(kept, salt)));

    private static string Hash(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt)
    {
        byte[] both = [.. secret, .. salt];
        return Prefix + Convert.ToHexStringLower(MD5.HashData(both));
    }
}
