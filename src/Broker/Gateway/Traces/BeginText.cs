using System.Text;
using Broker.PgWire.Values;

namespace Broker.Gateway.Traces;

/// <summary>
/// Knows the texts that begin a transaction and nothing else, and that no server refuses outside one: BEGIN or START TRANSACTION with what
/// the manual allows behind them. Not among them is what a standby refuses, as SERIALIZABLE and READ WRITE, nor anything with a comment in
/// it. Pure.
/// </summary>
internal static class BeginText
{
    private const int Longest = 128;

    private static readonly WireText Begin = WireText.Of("BEGIN");
    private static readonly WireText StartTransaction = WireText.Of("START TRANSACTION");

    /// <summary>What the server answers to it; null when it is none. Without allocation.</summary>
    internal static WireText? TagOf(ReadOnlySpan<byte> text)
    {
        var rest = text.Length > Longest ? default : text;
        return Starts(ref rest) is { } tag && IsEndOfModes(rest) ? tag : null;
    }

    private static bool IsEndOfModes(ReadOnlySpan<byte> rest)
    {
        while (true)
        {
            var behind = rest;
            if (Word(ref behind, "READ") && Word(ref behind, "ONLY"))
            {
                rest = behind;
            }
            else if (IsIsolation(rest, out behind))
            {
                rest = behind;
            }
            else
            {
                return IsEnd(rest);
            }
            SkipComma(ref rest);
        }
    }

    private static WireText? Starts(ref ReadOnlySpan<byte> rest)
    {
        if (Word(ref rest, "BEGIN"))
        {
            _ = Word(ref rest, "WORK") || Word(ref rest, "TRANSACTION");
            return Begin;
        }
        return Word(ref rest, "START") && Word(ref rest, "TRANSACTION") ? StartTransaction : null;
    }

    private static bool IsIsolation(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> behind)
    {
        behind = text;
        return Word(ref behind, "ISOLATION") && Word(ref behind, "LEVEL")
            && ((Word(ref behind, "READ") && Word(ref behind, "COMMITTED"))
                || (Word(ref behind, "REPEATABLE") && Word(ref behind, "READ")));
    }

    // a comma with nothing behind it is an error, which the server is to tell
    private static void SkipComma(ref ReadOnlySpan<byte> rest)
    {
        var behind = Trimmed(rest);
        if (behind is [(byte)',', .. var next] && Trimmed(next) is [not (byte)';', ..])
        {
            rest = next;
        }
    }

    private static bool IsEnd(ReadOnlySpan<byte> rest)
    {
        var end = Trimmed(rest);
        return end.IsEmpty || (end[0] == (byte)';' && Trimmed(end[1..]).IsEmpty);
    }

    private static bool Word(ref ReadOnlySpan<byte> rest, string word)
    {
        var text = Trimmed(rest);
        if (text.Length < word.Length
            || !Ascii.EqualsIgnoreCase(text[..word.Length], word)
            || (text.Length > word.Length && IsOfWord(text[word.Length])))
        {
            return false;
        }
        rest = text[word.Length..];
        return true;
    }

    private static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> text) => text.TrimStart(" \t\r\n\f"u8);

    private static bool IsOfWord(byte letter) =>
        letter is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'\f' or (byte)';' or (byte)',');
}
