using System.Text.Json;

namespace Broker.Client.Mapping;

/// <summary>Types that take a whole column, never several.</summary>
internal static class Scalars
{
    private static readonly HashSet<Type> Known =
    [
        typeof(bool), typeof(short), typeof(int), typeof(long), typeof(float), typeof(double), typeof(decimal), typeof(string),
        typeof(char), typeof(Guid),
        typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly), typeof(TimeSpan), typeof(JsonElement), typeof(object),
        typeof(byte),
    ];

    internal static bool IsScalar(Type type) =>
        Known.Contains(Nullable.GetUnderlyingType(type) ?? type) || (Nullable.GetUnderlyingType(type) ?? type).IsEnum || type.IsArray;
}
