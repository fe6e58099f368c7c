using System.Text;

namespace Broker.PgWire.Authentication;

/// <summary>
/// Prepares passwords for SCRAM (SASLprep, RFC 4013). As in PostgreSQL, what may not be prepared is taken as it is, so that no password is
/// refused. The rule on text in both directions is not applied: it only refuses, and would leave the password as it is. In a process with
/// invariant globalization .NET does not normalize (NFKC): a password outside ASCII that is set in configuration must be written in its
/// normal form there.
/// </summary>
internal static class SaslPrep
{
    /// <summary>The bytes to hash.</summary>
    internal static byte[] Prepare(string password)
    {
        if (Ascii.IsValid(password))
            return Encoding.UTF8.GetBytes(password);
        var mapped = new StringBuilder(password.Length);
        foreach (var rune in password.EnumerateRunes())
        {
            if (IsSpace(rune.Value))
                mapped.Append(' ');
            else if (!IsMappedToNothing(rune.Value))
                mapped.Append(rune.ToString());
        }
        var prepared = mapped.ToString().Normalize(NormalizationForm.FormKC);
        return Encoding.UTF8.GetBytes(prepared.Length == 0 || prepared.EnumerateRunes()
            .Any(static rune => IsProhibited(rune.Value)) ? password : prepared);
    }

    // RFC 3454, table C.1.2
    private static bool IsSpace(int c) => c is 0x00A0 or 0x1680 or (>= 0x2000 and <= 0x200B) or 0x202F or 0x205F or 0x3000;

    // table B.1
    private static bool IsMappedToNothing(int c) =>
        c is 0x00AD or 0x034F or 0x1806 or (>= 0x180B and <= 0x180D) or (>= 0x200B and <= 0x200D) or 0x2060
            or (>= 0xFE00 and <= 0xFE0F) or 0xFEFF;

    // tables C.1.2 and C.2.1 to C.9
    private static bool IsProhibited(int c) =>
        IsSpace(c)
        || c is <= 0x1F or (>= 0x7F and <= 0x9F) or 0x06DD or 0x070F or 0x180E or (>= 0x200C and <= 0x200F) or (>= 0x2028 and <= 0x202E)
            or (>= 0x2060 and <= 0x2063)
            or (>= 0x206A and <= 0x206F) or 0xFEFF or (>= 0xFFF9 and <= 0xFFFD) or (>= 0x1D173 and <= 0x1D17A)
            or (>= 0xE000 and <= 0xF8FF) or (>= 0xF0000 and <= 0x10FFFF) or (>= 0xFDD0 and <= 0xFDEF) or 0x0340 or 0x0341
                or (>= 0x2FF0 and <= 0x2FFB) or 0xE0001
            or (>= 0xE0020 and <= 0xE007F)
        || (c & 0xFFFE) == 0xFFFE;
}
