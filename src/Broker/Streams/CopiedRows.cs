using System.Reflection;
using Npgsql;

namespace Broker.Streams;

/// <summary>
/// How many rows the last COPY moved. The server says it, and Npgsql 10 reads it without showing it for data that it does not look at; so
/// it is taken from where Npgsql keeps it. Should that place move, the count is unknown and a test fails.
/// </summary>
internal static class CopiedRows
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly PropertyInfo? Connector = typeof(NpgsqlConnection).GetProperty("Connector", Hidden);
    private static readonly FieldInfo? LastCompleted = Connector?.PropertyType.GetField("_commandCompleteMessage", Hidden);
    private static readonly PropertyInfo? Rows = LastCompleted?.FieldType.GetProperty("Rows", Hidden);

    /// <summary>The rows of the statement that was completed last; -1 when they cannot be told.</summary>
    internal static long Of(NpgsqlConnection connection) =>
        Connector?.GetValue(connection) is { } connector
            && LastCompleted?.GetValue(connector) is { } message
            && Rows?.GetValue(message) is ulong rows
            ? (long)rows
            : -1;
}
