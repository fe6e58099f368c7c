namespace Broker.Client.Protocol.Failures;

/// <summary>How failures name an entity, a property of it and the row.</summary>
internal static class RowName
{
    /// <summary>`Order.Total of key 7`, as far as it is known.</summary>
    internal static string Of(string entity, string? property, string? key) =>
        $"{entity}{(property is null ? "" : "." + property)}{(key is null ? "" : $" of key {key}")}";
}
