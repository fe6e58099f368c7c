using NpgsqlTypes;

namespace Broker.Bench.Flushing;

/// <summary>The limit for inserts: binary COPY, which brings no keys back.</summary>
internal sealed class CopyIn : OnNpgsql
{
    public override string Name => "copy";

    public override bool Does(FlushWork work) => work is FlushWork.Insert;

    public override Task<Func<Task>> PrepareAsync(FlushWork work, int rows)
    {
        Row[] added = [.. Enumerable.Range(1, rows).Select(Row.New)];
        return Task.FromResult(() => CopyAsync(added));
    }

    protected override ValueTask InsertOneAsync(int number) => throw new NotSupportedException();

    private async Task CopyAsync(Row[] rows)
    {
        await using var connection = await DataSource.OpenConnectionAsync();
        await using var copy = await connection.BeginBinaryImportAsync(
            $"copy {FlushSchema.Rows} (name, amount) from stdin (format binary)");
        foreach (var row in rows)
        {
            await copy.StartRowAsync();
            await copy.WriteAsync(row.Name, NpgsqlDbType.Text);
            await copy.WriteAsync(row.Amount, NpgsqlDbType.Integer);
        }

        await copy.CompleteAsync();
    }
}
