using Broker.Bench.Contenders;
using Npgsql;

namespace Broker.Bench.Workloads;

/// <summary>
/// What the callers of a round do: groups of callers, each in a closed loop of one operation, and optionally something
/// that happens beside them (a lock, a migration), whose figures are reported with the round.
/// </summary>
internal abstract class Workload
{
    public abstract string Name { get; }

    /// <summary>Cells with fewer callers are left out.</summary>
    public virtual int MinimumCallers => 1;

    public abstract IReadOnlyList<CallerGroup> Groups(int callers);

    /// <summary>Runs once per measured round, beside the callers; must end by itself within the round.</summary>
    /// <returns>Named figures; by convention a name ends in its unit.</returns>
    public virtual Task<IReadOnlyDictionary<string, double>> DisturbAsync(IContender contender, NpgsqlDataSource side, TimeSpan round) =>
        Task.FromResult<IReadOnlyDictionary<string, double>>(new Dictionary<string, double>());
}

/// <summary>Callers that do the same, measured together.</summary>
/// <param name="Next">Makes a caller's next operation from its own random source.</param>
internal sealed record CallerGroup(string Name, int Callers, Func<Random, Operation> Next);
