using System.Globalization;
using Broker.Client.Protocol.Values;
using Npgsql;

namespace Broker.Errands;

/// <summary>Writes a caller's context as the statements that stand behind BEGIN and last until COMMIT.</summary>
internal static class ContextStatements
{
    /// <summary>
    /// The statements, in the order in which they must run: settings first, the role last, which may not be allowed to set them.
    /// </summary>
    internal static IEnumerable<NpgsqlBatchCommand> For(CallerContext context)
    {
        foreach (var (name, value) in context.Settings)
        {
            yield return SetConfig(name, value);
        }
        if (context.StatementTimeout is { } timeout)
        {
            yield return SetConfig("statement_timeout",
                Math.Max(1, (long)timeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        }
        if (context.SearchPath is { } path)
        {
            yield return SetConfig("search_path", path);
        }
        if (context.Role is { } role)
        {
            yield return SetConfig("role", role);
        }
    }

    private static NpgsqlBatchCommand SetConfig(string name, string value) => new("select pg_catalog.set_config($1, $2, true)")
    {
        Parameters = { new NpgsqlParameter<string> { TypedValue = name }, new NpgsqlParameter<string> { TypedValue = value } },
    };
}
