using Broker.Bench.Contenders;
using Broker.Bench.Reporting;
using Broker.Client.Sessions;
using Query = Broker.Client.Protocol.Values.Statement;

namespace Broker.Bench.Flushing;

/// <summary>Sessions of the embedded broker, all with its defaults.</summary>
internal sealed class BrokerSessions : InProcess
{
    private static readonly Query AllRows = new($"select * from {FlushSchema.Rows}", []);
    private static readonly Query AllVersionedRows = new($"select * from {FlushSchema.VersionedRows}", []);

    private BenchBroker? _broker;
    private SessionFactory? _sessions;

    public override string Name => Target.Contender;

    public override Task StartAsync(string connectionString, int maximumConnections)
    {
        _broker = BenchBroker.Start(connectionString, maximumConnections);
        _sessions = new(_broker.Client, BenchBroker.Database);
        return Task.CompletedTask;
    }

    public override async Task<Func<Task>> PrepareAsync(FlushWork work, int rows)
    {
        var session = Started(_sessions).Open();
        switch (work)
        {
            case FlushWork.Insert:
                Row[] added = [.. Enumerable.Range(1, rows).Select(Row.New)];
                return () => CommitAsync(session, () => session.AddRange(added));
            case FlushWork.Update:
                var changed = await session.QueryAsync<Row>(AllRows);
                return () => CommitAsync(session, () => ForEach(changed, static row => row.Change()));
            case FlushWork.VersionedUpdate:
                var versioned = await session.QueryAsync<VersionedRow>(AllVersionedRows);
                return () => CommitAsync(session, () => ForEach(versioned, static row => row.Change()));
            case FlushWork.Delete:
                var deleted = await session.QueryAsync<Row>(AllRows);
                return () => CommitAsync(session, () => ForEach(deleted, session.Delete));
            default:
                throw new ArgumentOutOfRangeException(nameof(work));
        }
    }

    public override async Task<IAsyncDisposable> OpenIdleAsync(bool used)
    {
        var session = Started(_sessions).Open();
        if (used)
        {
            session.Add(Row.New(1));
            await session.CommitAsync();
        }

        return session;
    }

    public override ValueTask DisposeAsync() => _broker?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async ValueTask InsertOneAsync(int number)
    {
        var session = Started(_sessions).Open();
        await CommitAsync(session, () => session.Add(Row.New(number)));
    }

    private static async Task CommitAsync(Session session, Action change)
    {
        await using (session)
        {
            change();
            await session.CommitAsync();
        }
    }

    private static void ForEach<T>(IReadOnlyList<T> rows, Action<T> change)
    {
        foreach (var row in rows)
        {
            change(row);
        }
    }
}
