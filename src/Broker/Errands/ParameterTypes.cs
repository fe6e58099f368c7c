using System.Text.Json;
using NpgsqlTypes;

namespace Broker.Errands;

/// <summary>The .NET types that may be parameters, and the PostgreSQL type that a NULL of each is sent as.</summary>
internal static class ParameterTypes
{
    private static readonly Dictionary<Type, NpgsqlDbType> Scalars = new()
    {
        [typeof(bool)] = NpgsqlDbType.Boolean,
        [typeof(short)] = NpgsqlDbType.Smallint,
        [typeof(int)] = NpgsqlDbType.Integer,
        [typeof(long)] = NpgsqlDbType.Bigint,
        [typeof(float)] = NpgsqlDbType.Real,
        [typeof(double)] = NpgsqlDbType.Double,
        [typeof(decimal)] = NpgsqlDbType.Numeric,
        [typeof(string)] = NpgsqlDbType.Text,
        [typeof(char)] = NpgsqlDbType.Text,
        [typeof(Guid)] = NpgsqlDbType.Uuid,
        [typeof(DateTime)] = NpgsqlDbType.TimestampTz,
        [typeof(DateTimeOffset)] = NpgsqlDbType.TimestampTz,
        [typeof(DateOnly)] = NpgsqlDbType.Date,
        [typeof(TimeOnly)] = NpgsqlDbType.Time,
        [typeof(TimeSpan)] = NpgsqlDbType.Interval,
        [typeof(byte[])] = NpgsqlDbType.Bytea,
        [typeof(ReadOnlyMemory<byte>)] = NpgsqlDbType.Bytea,
        [typeof(JsonDocument)] = NpgsqlDbType.Jsonb,
        [typeof(JsonElement)] = NpgsqlDbType.Jsonb,
    };

    /// <summary>Whether a parameter may be of this type.</summary>
    internal static bool IsKnown(Type type) => Scalars.ContainsKey(type) || (type.IsArray && Scalars.ContainsKey(ElementOf(type)));

    /// <summary>The PostgreSQL type of a NULL of this .NET type.</summary>
    internal static NpgsqlDbType Of(Type type) =>
        Scalars.TryGetValue(type, out var scalar) ? scalar : NpgsqlDbType.Array | Scalars[ElementOf(type)];

    private static Type ElementOf(Type array) => Nullable.GetUnderlyingType(array.GetElementType()!) ?? array.GetElementType()!;
}
