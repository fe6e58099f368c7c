namespace Broker.Configuration;

/// <summary>
/// How a name of the code is written in the configuration: <c>AcquireTimeout</c> is <c>acquire-timeout</c>. A number of several digits is
/// a word of its own (<c>scram-sha-256</c>), a single digit is not (<c>md5</c>).
/// </summary>
internal static class KeyName
{
    public static string Of(string name) =>
        string.Concat(name.Select((letter, at) => $"{(at > 0 && BeginsWord(name, at) ? "-" : "")}{char.ToLowerInvariant(letter)}"));

    private static bool BeginsWord(string name, int at) =>
        char.IsUpper(name[at])
        || (char.IsAsciiDigit(name[at]) && !char.IsAsciiDigit(name[at - 1]) && at + 1 < name.Length && char.IsAsciiDigit(name[at + 1]));
}
