using System.Globalization;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Npgsql;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Errands.Server;

/// <summary>What a caller hears, in a form that can be compared with what it would have heard elsewhere.</summary>
/// <param name="Rows">The rows as text, each in brackets; empty for none.</param>
/// <param name="Affected">The rows changed; -1 when the statement changes none.</param>
/// <param name="SqlState">The error's SQLSTATE; empty for none.</param>
internal sealed record Answer(string Rows, long Affected, string SqlState)
{
    /// <summary>The failure behind an error, when it came from the broker; not compared.</summary>
    internal Failure? Failure { get; private init; }

    public bool Equals(Answer? other) => other is not null && (Rows, Affected, SqlState) == (other.Rows, other.Affected, other.SqlState);

    public override int GetHashCode() => HashCode.Combine(Rows, Affected, SqlState);

    public override string ToString() => SqlState.Length > 0 ? $"{SqlState} {Failure?.Message}" : $"{Rows} ({Affected})";

    internal static Answer Of(ErrandCompleted completed)
    {
        var rows = completed.Rows;
        return new(
            string.Concat(Enumerable.Range(0, rows.Count).Select(row => Row(rows.Columns.Select(column => column.GetValue(row))))),
            completed.Affected, "");
    }

    internal static Answer Of(Failure failure) =>
        new("", -1,
            failure is StatementFailed failed ? failed.SqlState : $"{failure.GetType().Name}: {failure.Message}") { Failure = failure };

    /// <summary>What a caller that has the server to itself hears.</summary>
    internal static async Task<Answer> OfAsync(NpgsqlCommand command)
    {
        try
        {
            var rows = "";
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                rows += Row(Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i)));
            }
            await reader.NextResultAsync();
            return new(rows, reader.RecordsAffected, "");
        }
        catch (PostgresException error)
        {
            return new("", -1, error.SqlState);
        }
    }

    private static string Row(IEnumerable<object?> values) =>
        $"[{string.Join(',', values.Select(Text))}]";

    private static string? Text(object? value) => value switch
    {
        null => "NULL",
        DateTime time => time.ToString("O", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}
