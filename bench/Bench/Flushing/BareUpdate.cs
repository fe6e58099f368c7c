namespace Broker.Bench.Flushing;

/// <summary>
/// The limit for updates: one statement that changes every row and is sent no values, so that nothing but the server's own writing is
/// measured.
/// </summary>
internal sealed class BareUpdate : OnNpgsql
{
    public override string Name => "bare-update";

    public override bool Does(FlushWork work) => work is FlushWork.Update or FlushWork.VersionedUpdate;

    public override Task<Func<Task>> PrepareAsync(FlushWork work, int rows) => Task.FromResult(() => UpdateAsync(work));

    protected override ValueTask InsertOneAsync(int number) => throw new NotSupportedException();

    private async Task UpdateAsync(FlushWork work)
    {
        var set = $"name = '{FlushSchema.Changed}', amount = amount + 1";
        await using var update = DataSource.CreateCommand(work is FlushWork.Update
            ? $"update {FlushSchema.Rows} set {set}"
            : $"update {FlushSchema.VersionedRows} set {set}, version = version + 1");
        await update.ExecuteNonQueryAsync();
    }
}
