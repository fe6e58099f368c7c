using Npgsql;

namespace Broker.Bench.Contenders;

/// <summary>
/// Npgsql as its documentation recommends it: one data source, open, execute and dispose per operation, statements
/// prepared automatically from their second use on. Its two ways of sharing connections differ in the settings only.
/// </summary>
internal abstract class NpgsqlContender : IContender
{
    private NpgsqlDataSource? _dataSource;

    public abstract string Name { get; }

    private NpgsqlDataSource DataSource => _dataSource ?? throw new InvalidOperationException($"{Name} was not started.");

    public Task StartAsync(string connectionString, int maximumConnections)
    {
        var settings = NpgsqlSettings.For(connectionString, maximumConnections);
        Adjust(settings);
        _dataSource = NpgsqlDataSource.Create(settings);
        return Task.CompletedTask;
    }

    public async ValueTask RunAsync(Operation operation)
    {
        await using var connection = await DataSource.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(operation.Statement.Text, connection);
        AddParameters(command, operation);
        if (operation.Statement.ReturnsRow)
        {
            await ReadRowAsync(command);
        }
        else
        {
            await command.ExecuteNonQueryAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_dataSource is not null)
        {
            await _dataSource.DisposeAsync();
        }
    }

    protected abstract void Adjust(NpgsqlConnectionStringBuilder settings);

    private static void AddParameters(NpgsqlCommand command, Operation operation)
    {
        if (operation.Statement.Parameters > 0)
        {
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = operation.First });
        }

        if (operation.Statement.Parameters > 1)
        {
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = operation.Second });
        }
    }

    private static async ValueTask ReadRowAsync(NpgsqlCommand command)
    {
        await using var reader = await command.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
        {
            throw new InvalidOperationException($"No row from: {command.CommandText}");
        }

        _ = reader.GetFieldValue<int>(0);
    }
}
