using System.Diagnostics;
using Broker.Bench.Contenders;
using Npgsql;

namespace Broker.Bench.Workloads;

/// <summary>
/// Another session holds an uncommitted row; one insert of the same key has to wait for it, through the contender, while
/// all callers insert. What counts is the longest time that any of the others had to wait.
/// </summary>
internal sealed class LockWorkload : Workload
{
    public const string WorkloadName = "lock";

    public override string Name => WorkloadName;

    public override int MinimumCallers => 8;

    public override IReadOnlyList<CallerGroup> Groups(int callers) => [new("others' inserts", callers, Operations.InsertEntry)];

    public override async Task<IReadOnlyDictionary<string, double>> DisturbAsync(
        IContender contender, NpgsqlDataSource side, TimeSpan round)
    {
        var entry = Operations.NextEntry();
        await using var holder = await side.OpenConnectionAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand($"insert into bench_entries (id, amount) values ({entry}, 0)", holder);
        await insert.ExecuteNonQueryAsync();

        var started = Stopwatch.GetTimestamp();
        var blocked = contender.RunAsync(new Operation(Statement.InsertEntry, entry)).AsTask();
        await Task.Delay(round * 0.7);
        await transaction.RollbackAsync();
        await blocked;
        return new Dictionary<string, double> { ["blocked insert ms"] = Stopwatch.GetElapsedTime(started).TotalMilliseconds };
    }
}
