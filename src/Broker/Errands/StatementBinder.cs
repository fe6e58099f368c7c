using System.Text.Json;
using Broker.Client.Protocol.Values;
using Npgsql;
using NpgsqlTypes;

namespace Broker.Errands;

/// <summary>
/// Makes Npgsql's commands from statements. They are made anew for each trip: what Npgsql notes in a command about its prepared statement makes a
/// kept one a trap, and saves bytes but hardly any time (`docs/decisions/npgsql-batch-shapes.md`).
/// </summary>
internal static class StatementBinder
{
    /// <summary>A command with the statement's text and values.</summary>
    internal static NpgsqlBatchCommand Make(Statement statement)
    {
        var command = new NpgsqlBatchCommand(statement.Text);
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
                case DateTimeOffset[] times: Put(Array.ConvertAll(times, t => t.UtcDateTime), NpgsqlDbType.Array | NpgsqlDbType.TimestampTz); break;
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
