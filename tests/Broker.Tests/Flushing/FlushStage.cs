using System.Collections.Immutable;
using Broker.Client;
using Broker.Client.Entities;
using Broker.Client.Flushing;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Errands;
using Broker.Postgres;
using Npgsql;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Flushing;

/// <summary>
/// A database of a real server, on which plans are carried out: each in one transaction, committed only when every step went well.
/// </summary>
public abstract class FlushStage : IAsyncLifetime
{
    private readonly RowReader _reader = new();
    private NpgsqlDataSource _source = null!;

    private protected EntityCatalogue Catalogue { get; } = new();

    private protected NpgsqlConnection Connection { get; private set; } = null!;

    /// <summary>The texts of the last plan, in order.</summary>
    private protected string[] Texts { get; private set; } = [];

    protected abstract string Schema { get; }

    public async Task InitializeAsync()
    {
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync())
            { ArrayNullabilityMode = ArrayNullabilityMode.PerInstance, IncludeErrorDetail = true });
        await using (var command = _source.CreateCommand(Schema))
        {
            await command.ExecuteNonQueryAsync();
        }
        Connection = await _source.OpenConnectionAsync();
        await Connection.ReloadTypesAsync();
    }

    public async Task DisposeAsync()
    {
        await Connection.DisposeAsync();
        await _source.DisposeAsync();
    }

    private protected async Task<EntityMap> MapAsync<T>() =>
        await Catalogue.GetAsync(typeof(T), async (statement, _) => (await AskAsync(statement)).Rows, default);

    private protected async Task<EntityChange> InsertAsync<T>(T entity) where T : class => EntityChange.Insert(await MapAsync<T>(), entity);

    private protected async Task<EntityChange> UpdateAsync<T>(T entity, T snapshot) where T : class =>
        EntityChange.Update(await MapAsync<T>(), entity, snapshot);

    private protected async Task<EntityChange> DeleteAsync<T>(T entity) where T : class => EntityChange.Delete(await MapAsync<T>(), entity);

    /// <summary>One after the other: they share the connection.</summary>
    private protected static async Task<EntityChange[]> AllAsync(IEnumerable<Task<EntityChange>> changes)
    {
        var all = new List<EntityChange>();
        foreach (var change in changes)
        {
            all.Add(await change);
        }
        return [.. all];
    }

    /// <summary>Plans, sends, commits, and gives the entities what the server gave.</summary>
    private protected async Task<FlushOutcome> FlushAsync(params EntityChange[] changes)
    {
        var draft = FlushPlanner.Begin(changes, Catalogue.Find);
        var drawn = ImmutableArray.CreateBuilder<RowSet>();
        foreach (var draw in draft.Draws)
        {
            drawn.Add((await AskAsync(draw.Statement)).Rows);
        }
        var plan = draft.Finish(drawn.ToImmutable());
        Texts = [.. plan.Steps.Select(step => step is StatementStep statement ? statement.Statement.Text : ((CopyStep)step).Text)];
        await using var transaction = await Connection.BeginTransactionAsync();
        var results = ImmutableArray.CreateBuilder<StepResult>();
        foreach (var step in plan.Steps)
        {
            try
            {
                results.Add(await RunAsync(step));
            }
            catch (PostgresException error)
            {
                await transaction.RollbackAsync();
                plan.Revert();
                throw new BrokerException(plan.Explain(error.ToFailure(), results.Count));
            }
        }
        await transaction.CommitAsync();
        return plan.Apply(results.ToImmutable());
    }

    private protected async Task<T> FailureOfAsync<T>(params EntityChange[] changes) where T : Failure =>
        Assert.IsType<T>((await Assert.ThrowsAsync<BrokerException>(() => FlushAsync(changes))).Failure);

    /// <summary>The only value of a query.</summary>
    private protected async Task<T> OnlyAsync<T>(string sql)
    {
        await using var command = new NpgsqlCommand(sql, Connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private protected async Task DoAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, Connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The entity of a key, read anew.</summary>
    private protected async Task<T> GetAsync<T>(params object?[] key) where T : class
    {
        var map = await MapAsync<T>();
        var rows = (await AskAsync(map.Select(map.KeyFrom(key)))).Rows;
        Assert.Equal(1, rows.Count);
        return (T)map.Reader(rows)(rows, 0);
    }

    private protected Task<StepResult> RunAsync(FlushStep step) =>
        step is StatementStep statement ? AskAsync(statement.Statement) : CopyAsync((CopyStep)step);

    private protected async Task<StepResult> AskAsync(Statement statement)
    {
        Assert.Null(new ParameterProof().Check(statement));
        await using var batch = new NpgsqlBatch(Connection);
        batch.BatchCommands.Add(StatementBinder.Make(statement));
        await using var reader = await batch.ExecuteReaderAsync();
        var rows = RowSet.Empty;
        if (reader.FieldCount > 0)
        {
            rows = (await _reader.ReadAsync(reader, statement.Text, long.MaxValue))!;
            Assert.Null(_reader.Unreadable);
        }
        await reader.CloseAsync();
        return new(reader.RecordsAffected, rows);
    }

    private async Task<StepResult> CopyAsync(CopyStep step)
    {
        await using var importer = await Connection.BeginBinaryImportAsync(step.Text);
        var columns = step.Columns.Select((column, i) => Column(column, step.TypeNames[i])).ToArray();
        for (var row = 0; row < step.Rows; row++)
        {
            await importer.StartRowAsync();
            foreach (var column in columns)
            {
                await column(importer, row);
            }
        }
        return new((long)await importer.CompleteAsync(), RowSet.Empty);
    }

    private static Func<NpgsqlBinaryImporter, int, Task> Column(Parameter column, string type)
    {
        var values = new Values();
        column.Accept(values);
        return (importer, row) => values.Array.GetValue(row) is { } value ? importer.WriteAsync(value, type) : importer.WriteNullAsync();
    }

    private sealed class Values : IParameterVisitor
    {
        internal Array Array { get; private set; } = null!;

        public void Visit<T>(T value) where T : notnull => Array = (Array)(object)value;

        public void VisitNull<T>() where T : notnull => throw new InvalidOperationException();
    }
}
