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

    /// <summary>Whether a client's name could be taken for one of ours: it is then renamed like all others, and never passed on as it is.</summary>
    internal static bool IsOurs(WireText name) => name.Bytes.Span.StartsWith("broker_"u8);
}
