using System.Data;
using System.Data.Common;

namespace Broker.Ado.Tests.Comparing;

/// <summary>Commands in one line, of whichever provider.</summary>
internal static class Commands
{
    /// <summary>A command with parameters: those with an empty name have none.</summary>
    internal static DbCommand Command(this DbConnection connection, string text, params (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        foreach (var (name, value) in parameters)
        {
            command.With(name, value);
        }
        return command;
    }

    /// <summary>Adds a parameter.</summary>
    internal static DbParameter With(this DbCommand command, string name, object? value, DbType? type = null)
    {
        var parameter = command.CreateParameter();
        if (name.Length > 0)
        {
            parameter.ParameterName = name;
        }
        parameter.Value = value;
        if (type is { } given)
        {
            parameter.DbType = given;
        }
        command.Parameters.Add(parameter);
        return parameter;
    }

    /// <summary>Runs it.</summary>
    internal static async Task<int> RunAsync(this DbConnection connection, string text, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(text, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first value.</summary>
    internal static async Task<object?> ScalarAsync(this DbConnection connection, string text,
        params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(text, parameters);
        return await command.ExecuteScalarAsync();
    }
}
