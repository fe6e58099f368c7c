using System.Text.Json;
using Broker.Client.Protocol.Values;
using Npgsql;
using NpgsqlTypes;

namespace Broker.Errands;

/// <summary>
/// Makes Npgsql's commands from statements, for one connection. Commands and their typed parameters are kept per text and used again: most of
/// what a small statement costs in the client is making them. Belongs to one connection; not thread-safe.
/// </summary>
internal sealed class StatementCommands : IParameterVisitor
{
    private const int KeptPerText = 256;
    private const int KeptTexts = 256;

    private readonly Dictionary<string, Stack<NpgsqlBatchCommand>> _kept = [];
    private NpgsqlBatchCommand _command = null!;
    private int _index;
    private bool _fits;

    /// <summary>A command with the statement's text and values. Give it back with <see cref="Return"/> when its trip is over.</summary>
    internal NpgsqlBatchCommand Rent(Statement statement)
    {
        if (_kept.TryGetValue(statement.Text, out var stack) && stack.TryPop(out var kept) && TryFill(kept, statement, used: true))
        {
            return kept;
        }
        // A command remembers the prepared statement of its parameters' types, so one of other types cannot be filled: it is dropped.
        var made = new NpgsqlBatchCommand(statement.Text);
        TryFill(made, statement, used: false);
        return made;
    }

    private bool TryFill(NpgsqlBatchCommand command, Statement statement, bool used)
    {
        (_command, _index, _fits) = (command, 0, !used || command.Parameters.Count == statement.Parameters.Length);
        foreach (var parameter in statement.Parameters)
        {
            if (!_fits)
            {
                return false;
            }
            parameter.Accept(this);
        }
        return _fits;
    }

    /// <summary>Keeps the command for the next statement of the same text. Not after an error: what Npgsql noted in it may be wrong.</summary>
    internal void Return(NpgsqlBatchCommand command)
    {
        if (!_kept.TryGetValue(command.CommandText, out var stack))
        {
            if (_kept.Count >= KeptTexts)
            {
                _kept.Clear();
            }
            _kept[command.CommandText] = stack = new();
        }
        if (stack.Count < KeptPerText)
        {
            stack.Push(command);
        }
    }

    /// <summary>Forgets what was kept.</summary>
    internal void Clear() => _kept.Clear();

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public void VisitNull<T>() where T : notnull => Set(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = ParameterTypes.Of(typeof(T)) });

    private void Put<T>(T value, NpgsqlDbType? type)
    {
        if (_index == _command.Parameters.Count)
        {
            var parameter = new NpgsqlParameter<T> { TypedValue = value };
            if (type is { } given)
            {
                parameter.NpgsqlDbType = given;
            }
            _command.Parameters.Add(parameter);
        }
        else if (_command.Parameters[_index] is NpgsqlParameter<T> kept && type is null && value is not (DateTime or DateTime[]))
        {
            kept.TypedValue = value;
        }
        else
        {
            // Also for the types whose PostgreSQL type depends on the value.
            _fits = false;
        }
        _index++;
    }

    private void Set(NpgsqlParameter parameter)
    {
        if (_index == _command.Parameters.Count)
        {
            _command.Parameters.Add(parameter);
        }
        else
        {
            _fits = false;
        }
        _index++;
    }
}
