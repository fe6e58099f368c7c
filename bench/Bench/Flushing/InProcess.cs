using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Broker.Bench.Workloads;

namespace Broker.Bench.Flushing;

/// <summary>A contender that runs in this process, so that its sessions are callers like those of errands.</summary>
internal abstract class InProcess : IFlushContender
{
    /// <summary>The group of sessions that add one row each.</summary>
    public const string OneRowGroup = "sessions";

    public abstract string Name { get; }

    public virtual bool Does(FlushWork work) => true;

    public abstract Task StartAsync(string connectionString, int maximumConnections);

    public abstract Task<Func<Task>> PrepareAsync(FlushWork work, int rows);

    public Task<Round> OneRowRoundAsync(RoundRunner runner, int sessions, TimeSpan time) =>
        runner.RunAsync(new Sessions(this), OneRow.Instance, sessions, time);

    public virtual Task<IAsyncDisposable> OpenIdleAsync(bool used) => throw new NotSupportedException();

    public abstract ValueTask DisposeAsync();

    /// <summary>Opens a unit of work, adds one row, commits, ends the unit of work. Called by any number of sessions at a time.</summary>
    protected abstract ValueTask InsertOneAsync(int number);

    protected static T Started<T>(T? value) where T : class =>
        value ?? throw new InvalidOperationException("The contender was not started.");

    private sealed class Sessions(InProcess contender) : IContender
    {
        public string Name => contender.Name;

        public Task StartAsync(string connectionString, int maximumConnections) =>
            contender.StartAsync(connectionString, maximumConnections);

        public ValueTask RunAsync(Operation operation) => contender.InsertOneAsync(operation.First);

        public ValueTask DisposeAsync() => contender.DisposeAsync();
    }

    private sealed class OneRow : Workload
    {
        public static readonly OneRow Instance = new();

        public override string Name => FlushWork.OneRow.Name();

        public override IReadOnlyList<CallerGroup> Groups(int callers) => [new(OneRowGroup, callers, Operations.InsertEntry)];
    }
}
