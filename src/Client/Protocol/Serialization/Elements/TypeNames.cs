using System.Collections.Frozen;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>
/// What the types of most columns are called, so that their names need not be sent. An entry is never changed: both ends must have it.
/// </summary>
internal static class TypeNames
{
    private static readonly FrozenDictionary<uint, string> Names = new Dictionary<uint, string>
    {
        [16] = "boolean", [17] = "bytea", [18] = "\"char\"", [19] = "name", [20] = "bigint", [21] = "smallint", [23] = "integer",
        [25] = "text",
        [26] = "oid", [114] = "json", [700] = "real", [701] = "double precision", [869] = "inet", [1005] = "smallint[]",
        [1007] = "integer[]",
        [1009] = "text[]", [1016] = "bigint[]", [1042] = "character", [1043] = "character varying", [1082] = "date",
        [1083] = "time without time zone",
        [1114] = "timestamp without time zone", [1184] = "timestamp with time zone", [1186] = "interval", [1266] = "time with time zone",
        [1700] = "numeric", [2950] = "uuid", [2951] = "uuid[]", [3802] = "jsonb",
    }.ToFrozenDictionary();

    /// <summary>The name of the type of this OID; null when it is sent.</summary>
    internal static string? Of(uint oid) => Names.GetValueOrDefault(oid);
}
