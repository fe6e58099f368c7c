using System.Text.Json;
using Broker.Client.Protocol.Values;
using Npgsql;
using NpgsqlTypes;

namespace Broker.Errands;

/// <summary>
/// Makes Npgsql's commands from statements. They are made anew for each trip: what Npgsql notes in a command about its prepared statement
/// makes a kept one a trap, and saves bytes but hardly any time (`docs/decisions/npgsql-batch-shapes.md`).
/// </summary>
internal static class StatementBinder
{
    /// <summary>
    /// Whether statements under this context may use what was prepared for their text. A role or search path may make another table of a
    /// name, and the server does not run a prepared statement whose columns have changed (0A000).
    /// </summary>
    internal static bool FindsPrepared(CallerContext context) => context.Role is null && context.SearchPath is null;

    /// <summary>
    /// The same for a trip: one that runs again may do so because what was prepared is out of date, on this connection too.
    /// </summary>
    internal static bool FindsPrepared(Trip trip) => FindsPrepared(trip.Context) && trip.Members is not [{ RunsAgain: true }];

    /// <summary>A command with the statement's text and values.</summary>
    internal static NpgsqlBatchCommand Make(Statement statement, bool findsPrepared = true)
    {
        var command = Make(statement.Text, findsPrepared);
        if (!statement.Parameters.IsEmpty)
        {
            var binding = new Binding(command.Parameters);
            foreach (var parameter in statement.Parameters)
            {
                parameter.Accept(binding);
            }
        }
        return command;
    }

    /// <summary>A command with these values.</summary>
    internal static NpgsqlBatchCommand Make(string text, IEnumerable<NpgsqlParameter> parameters, bool findsPrepared)
    {
        var command = Make(text, findsPrepared);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }
        return command;
    }

    // Npgsql finds a prepared statement by its text, to the letter; and it refuses the empty one, which the server does not.
    private static NpgsqlBatchCommand Make(string text, bool findsPrepared) => new(findsPrepared && text.Length > 0 ? text : text + " ");

    /// <summary>The statement's values, for a command of another kind.</summary>
    internal static NpgsqlParameter[] ParametersOf(Statement statement)
    {
        var command = Make(statement);
        var parameters = command.Parameters.ToArray();
        command.Parameters.Clear();
        return parameters;
    }

    private sealed class Binding(NpgsqlParameterCollection parameters) : IParameterVisitor
    {
        public void Visit<T>(T value) where T : notnull
        {
            switch (value)
            {
                case char letter: Put(letter.ToString(), null); break;
                // Npgsql writes a timestamptz from UTC only; the instant is the same.
                case DateTimeOffset time: Put(time.UtcDateTime, NpgsqlDbType.TimestampTz); break;
                case DateTimeOffset[] times:
                    Put(Array.ConvertAll(times, t => t.UtcDateTime), NpgsqlDbType.Array | NpgsqlDbType.TimestampTz);
                    break;
                case DateTimeOffset?[] times:
                    Put(Array.ConvertAll(times, t => t?.UtcDateTime), NpgsqlDbType.Array | NpgsqlDbType.TimestampTz);
                    break;
                case JsonDocument document: Put(document, NpgsqlDbType.Jsonb); break;
                case JsonElement element: Put(element.GetRawText(), NpgsqlDbType.Jsonb); break;
                default: Put(value, null); break;
            }
        }

        public void VisitNull<T>() where T : notnull =>
            parameters.Add(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = ParameterTypes.Of(typeof(T)) });

        private void Put<T>(T value, NpgsqlDbType? type)
        {
            var parameter = new NpgsqlParameter<T> { TypedValue = value };
            if (type is { } given)
            {
                parameter.NpgsqlDbType = given;
            }
            parameters.Add(parameter);
        }
    }
}
