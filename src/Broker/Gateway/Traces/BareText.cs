namespace Broker.Gateway.Traces;

/// <summary>
/// A text without the values of its numbers and strings: texts that differ in these only are judged once. It is made in one pass over the
/// bytes; where that is not sure to be right - comments, dollar quotes, backslashes, prefixed strings, numbers with letters in them - there
/// is none, and the text stands for itself.
/// </summary>
internal static class BareText
{
    /// <summary>Writes it.</summary>
    /// <param name="text">The text, in an encoding that has ASCII in it.</param>
    /// <param name="into">At least as long.</param>
    /// <returns>How many bytes were written; 0 when there is none.</returns>
    internal static int Write(ReadOnlySpan<byte> text, Span<byte> into)
    {
        var (at, length) = (0, 0);
        while (at < text.Length)
        {
            var letter = text[at];
            switch (letter)
            {
                case (byte)'\'' when at > 0 && IsOfName(text[at - 1]):
                case (byte)'\\' or (byte)'$' when letter is (byte)'\\'
                    || at + 1 >= text.Length
                    || text[at + 1] is < (byte)'0' or > (byte)'9':
                case (byte)'-' when at + 1 < text.Length && text[at + 1] == (byte)'-':
                case (byte)'/' when at + 1 < text.Length && text[at + 1] == (byte)'*':
                    return 0;
                case (byte)'\'':
                    if (EndOfString(text, at) is not (> 0 and var end))
                    {
                        return 0;
                    }
                    (into[length], into[length + 1]) = ((byte)'\'', (byte)'\'');
                    (at, length) = (end, length + 2);
                    break;
                case (byte)'"':
                    var quoted = text[(at + 1)..].IndexOf((byte)'"');
                    if (quoted < 0)
                    {
                        return 0;
                    }
                    text.Slice(at, quoted + 2).CopyTo(into[length..]);
                    (at, length) = (at + quoted + 2, length + quoted + 2);
                    break;
                case >= (byte)'0' and <= (byte)'9' when at == 0 || !IsOfName(text[at - 1]):
                    into[length++] = (byte)'0';
                    do
                    {
                        at++;
                    }
                    while (at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9');
                    if (at < text.Length && IsOfName(text[at]) && text[at] is not (byte)'&')
                    {
                        // 1e5, 0x1F, 1_000, or a word that is glued to a number
                        return 0;
                    }
                    break;
                default:
                    into[length++] = letter;
                    at++;
                    break;
            }
        }
        return length;
    }

    private static bool IsOfName(byte letter) =>
        letter is >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' or >= (byte)'0' and <= (byte)'9' or (byte)'_' or (byte)'$'
        or (byte)'&' or >= 0x80;

    // behind the quote that ends it; two quotes are one inside it
    private static int EndOfString(ReadOnlySpan<byte> text, int at)
    {
        for (at++; at < text.Length; at++)
        {
            if (text[at] == (byte)'\\')
            {
                return 0;
            }
            if (text[at] != (byte)'\'')
            {
                continue;
            }
            if (at + 1 >= text.Length || text[at + 1] != (byte)'\'')
            {
                return at + 1;
            }
            at++;
        }
        return 0;
    }
}
