namespace Broker.Client.Entities;

/// <summary>Names as they stand in a statement.</summary>
internal static class SqlName
{
    /// <summary>A quoted identifier: no name is a keyword or folded then.</summary>
    internal static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
