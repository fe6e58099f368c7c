using System.Buffers.Text;
using System.Globalization;
using Broker.PgWire.Values;

namespace Broker.Gateway.Prepared;

/// <summary>Which prepared text of a pool. Its name on servers is made of it, and is never one that a client may choose.</summary>
/// <param name="Value">Counted up; not used again.</param>
internal readonly record struct StatementNumber(long Value)
{
    private const string Prefix = "broker_";

    /// <summary>Its name on servers.</summary>
    internal WireText ServerName => WireText.Of(Prefix + Value.ToString(CultureInfo.InvariantCulture));

    /// <summary>The first name of ours in a text, between quotes, and where it is; null when there is none.</summary>
    internal static (StatementNumber Number, (int Start, int End) At)? FirstIn(WireText text)
    {
        var bytes = text.Bytes.Span;
        for (var from = 0; bytes[from..].IndexOf("\"broker_"u8) is >= 0 and var found; from = from + found + 1)
        {
            var start = from + found + 1;
            var digits = start + Prefix.Length;
            if (Utf8Parser.TryParse(bytes[digits..], out long value, out var length) && bytes[digits] is not ((byte)'-' or (byte)'+')
                && bytes[(digits + length)..].StartsWith("\""u8))
            {
                return (new(value), (start, digits + length));
            }
        }
        return null;
    }

    /// <summary>
    /// Whether a client's name could be taken for one of ours: it is then renamed like all others, and never passed on as it is.
    /// </summary>
    internal static bool IsOurs(WireText name) => name.Bytes.Span.StartsWith("broker_"u8);
}
