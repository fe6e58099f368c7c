using Npgsql;

namespace Broker.Bench.Flushing;

/// <summary>What one writes by hand on Npgsql: a command per row, all in one batch, which is one round trip and one transaction.</summary>
internal sealed class HandWrittenBatch : OnNpgsql
{
    private const string Insert = $"insert into {FlushSchema.Rows} (name, amount) values ($1, $2) returning id";
    private const string Update = $"update {FlushSchema.Rows} set name = $1, amount = $2 where id = $3";
    private const string Delete = $"delete from {FlushSchema.Rows} where id = $1";

    private const string VersionedUpdate =
        $"update {FlushSchema.VersionedRows} set name = $1, amount = $2, version = $4 + 1 where id = $3 and version = $4";

    public override string Name => "npgsql-batch";

    public override bool Does(FlushWork work) => work is not FlushWork.Idle;

    public override Task<Func<Task>> PrepareAsync(FlushWork work, int rows)
    {
        if (work is FlushWork.Insert)
        {
            Row[] added = [.. Enumerable.Range(1, rows).Select(Row.New)];
            return Task.FromResult(() => InsertAsync(added));
        }

        VersionedRow[] known = [.. Enumerable.Range(1, rows).Select(Known)];
        return Task.FromResult(() => ChangeAsync(work, known));
    }

    protected override async ValueTask InsertOneAsync(int number) => await InsertAsync([Row.New(number)]);

    private async Task InsertAsync(Row[] rows)
    {
        await using var batch = DataSource.CreateBatch();
        foreach (var row in rows)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Insert) { Parameters = { Value(row.Name), Value(row.Amount) } });
        }

        await using var reader = await batch.ExecuteReaderAsync();
        foreach (var row in rows)
        {
            await reader.ReadAsync();
            row.Id = reader.GetInt64(0);
            await reader.NextResultAsync();
        }
    }

    private async Task ChangeAsync(FlushWork work, VersionedRow[] rows)
    {
        await using var batch = DataSource.CreateBatch();
        foreach (var row in rows)
        {
            row.Change();
            batch.BatchCommands.Add(CommandFor(work, row));
        }

        await batch.ExecuteNonQueryAsync();
        if (batch.BatchCommands.Cast<NpgsqlBatchCommand>().Any(command => command.RecordsAffected != 1))
        {
            throw new InvalidOperationException("A row was changed by somebody else, or is gone.");
        }
    }

    private static VersionedRow Known(int number) => new() { Id = number, Name = FlushSchema.NameOf(number), Amount = number };

    private static NpgsqlBatchCommand CommandFor(FlushWork work, VersionedRow row) => work switch
    {
        FlushWork.Update => new(Update) { Parameters = { Value(row.Name), Value(row.Amount), Value(row.Id) } },
        FlushWork.VersionedUpdate => new(VersionedUpdate)
        {
            Parameters = { Value(row.Name), Value(row.Amount), Value(row.Id), Value(row.Version) },
        },
        FlushWork.Delete => new(Delete) { Parameters = { Value(row.Id) } },
        FlushWork.Insert or FlushWork.OneRow or FlushWork.Idle => throw new ArgumentOutOfRangeException(nameof(work)),
    };

    private static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };
}
