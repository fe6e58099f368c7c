using System.Buffers;
using System.Text.Unicode;
using Broker.Client.Protocol.Failures;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Remote.Links;

/// <summary>What may be the name of a user at the door; both ends look.</summary>
internal static class UserName
{
    /// <summary>How many characters it may have: far more than PostgreSQL's own users'.</summary>
    internal const int Longest = 256;

    // Of one character of a string.
    private const int MostBytes = 3;

    /// <summary>Why nobody can log in by this name; null when somebody may.</summary>
    internal static ClientRefused? Refusal(string name) =>
        name.Length == 0 ? Refused(name, "its name is empty")
        : name.Length > Longest ? Refused(name, $"its name has {name.Length} characters, {Longest} are allowed")
        : name.Any(char.IsControl) ? Refused(name, "its name holds a control character")
        : HoldsHalfPair(name) ? Refused(name, "its name holds half of a surrogate pair")
        : null;

    private static ClientRefused Refused(string name, string why) => new(FitForLog.Of(name, Longest), "28000", why);

    private static bool HoldsHalfPair(string name)
    {
        Span<byte> bytes = stackalloc byte[MostBytes * Longest];
        return Utf8.FromUtf16(name, bytes, out _, out _, replaceInvalidSequences: false) != OperationStatus.Done;
    }
}
