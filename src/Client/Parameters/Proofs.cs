using System.Text.Json;

namespace Broker.Client.Parameters;

/// <summary>
/// What a value must be so that it can be written. Proven before anything is sent, since a value that fails while it is being written
/// spoils the connection for all that travel with it.
/// </summary>
internal static class Proofs
{
    /// <summary>PostgreSQL text holds no NUL, and a lone half of a surrogate pair has no UTF-8 form.</summary>
    internal static string Writable(string value, int position)
    {
        if (value.Contains('\0', StringComparison.Ordinal))
            throw ParameterCapture.Refuse(position, typeof(string), "PostgreSQL text cannot hold the character U+0000");
        var rest = value.AsSpan();
        for (var at = rest.IndexOfAnyInRange('\uD800', '\uDFFF'); at >= 0; at = rest.IndexOfAnyInRange('\uD800', '\uDFFF'))
        {
            if (at + 1 >= rest.Length || !char.IsSurrogatePair(rest[at], rest[at + 1]))
                throw ParameterCapture.Refuse(position, typeof(string), $"it holds half of a surrogate pair (U+{(int)rest[at]:X4})");
            rest = rest[(at + 2)..];
        }

        return value;
    }

    /// <summary>Utc is a timestamptz and Unspecified a timestamp; Local would be stored without saying where.</summary>
    internal static DateTime Kind(DateTime value, int position) => value.Kind != DateTimeKind.Local
        ? value
        : throw ParameterCapture.Refuse(position, typeof(DateTime),
            "its Kind is Local; send ToUniversalTime() or a DateTimeOffset (timestamptz), or Kind Unspecified (timestamp)");

    /// <summary>An array has one type, so its elements are of one kind.</summary>
    internal static void OneKind(IEnumerable<DateTime> values, int position)
    {
        if (values.Select(value => value.Kind).Distinct().Skip(1).Any())
            throw ParameterCapture.Refuse(position, typeof(DateTime[]), "it mixes Kind Utc (timestamptz) and Unspecified (timestamp)");
    }

    /// <summary>A copy that outlives its document.</summary>
    internal static JsonElement Json(JsonElement value, int position) => value.ValueKind != JsonValueKind.Undefined
        ? value.Clone()
        : throw ParameterCapture.Refuse(position, typeof(JsonElement), "it is undefined; for a JSON null parse \"null\"");
}
