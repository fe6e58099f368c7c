using Akka.Actor;
using Akka.Event;
using Broker.Client;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Hosting;
using Broker.Postgres;
using Broker.Tests.Diagnostics;
using Broker.Tests.Hosting;
using Npgsql;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>
/// An embedded broker on a real server, with a pool that packs whatever may be packed: one lane, a target so generous that no text is too
/// slow for a group. What it does is seen from outside: trips by its meter, transactions by the server's now() and xmin.
/// </summary>
internal sealed class PackingBroker : IAsyncDisposable
{
    internal const string Pool = "orders";

    private readonly ActorSystem _system;
    private readonly Meters _meters = new();
    private readonly Recorded _recorded;
    private readonly KeptWarnings _warnings = new();
    private bool _ownsDatabase;

    private PackingBroker(string database, string settings)
    {
        ConnectionString = database;
        Server = NpgsqlDataSource.Create(database);
        _recorded = new(_meters);
        _system = ActorSystem.Create("packing",
            WayIn.System + "akka { loglevel = WARNING, stdout-loglevel = OFF, log-dead-letters = off, loggers = [] }");
        _system.EventStream.Subscribe(_system.ActorOf(KeptWarnings.Keeper(_warnings)), typeof(Warning));
        var parsed = WayIn.Settings($$"""
            broker {
              databases.{{Pool}} { connection-string = "{{database}}" }
              pool { size = 3, overflow = 0, keepalive = off, ping = off }
              packing { target = 1s, trip-limit = 30s, width = 1 }
            }
            {{settings}}
            """);
        Home = _system.StartBroker(parsed, _meters);
        Client = WayIn.Client(Home, parsed);
    }

    internal string ConnectionString { get; }

    /// <summary>As the tests' callers have it.</summary>
    internal BrokerClient Client { get; }

    /// <summary>A client in the broker's own process.</summary>
    internal BrokerClient Home { get; }

    /// <summary>The same database, past the broker.</summary>
    internal NpgsqlDataSource Server { get; }

    /// <summary>What the broker warned of.</summary>
    internal IReadOnlyCollection<string> Warnings => _warnings.Texts;

    /// <summary>How many trips went, by shape and members.</summary>
    internal IReadOnlyList<(string Shape, int Members)> Trips =>
        [.. _recorded.Of("broker.trip.members").Select(trip => ((string)trip.Tags["broker.trip.shape"]!, (int)trip.Value))];

    internal static async Task<PackingBroker> StartAsync(string schema = "", string settings = "")
    {
        var database = await SharedPostgres.CreateDatabaseAsync();
        var broker = new PackingBroker(database, settings) { _ownsDatabase = true };
        if (schema.Length > 0)
        {
            await broker.DirectlyAsync(schema);
        }
        return broker;
    }

    /// <summary>A broker on a database that exists already.</summary>
    internal static PackingBroker StartOn(string connectionString, string settings = "") => new(connectionString, settings);

    /// <summary>How often something was counted.</summary>
    internal int Counted(string instrument) => (int)_recorded.Of(instrument).Sum(one => one.Value);

    /// <summary>Runs statements past the broker.</summary>
    internal async Task DirectlyAsync(string sql)
    {
        await using var command = Server.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Asks one value past the broker.</summary>
    internal async Task<T> AskDirectlyAsync<T>(string sql)
    {
        await using var command = Server.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Runs one statement and returns its answer, an error included.</summary>
    internal Task<Answer> RunAsync(string text, params object?[] values) => RunAsync(Client, Statement.Of(text, values));

    /// <inheritdoc cref="RunAsync(string, object[])"/>
    internal static async Task<Answer> RunAsync(BrokerClient caller, Statement statement)
    {
        try
        {
            return Answer.Of(await caller.Sender.RunAsync(Pool, statement, caller.Terms, static reply => (ErrandCompleted)reply, default));
        }
        catch (BrokerException refused)
        {
            return Answer.Of(refused.Failure);
        }
    }

    /// <summary>
    /// Runs statements that all wait in line before the first is sent, in this order, so that those which may share a trip do.
    /// </summary>
    internal Task<Answer[]> TogetherAsync(params string[] texts) => TogetherAsync([.. texts.Select(text => new Statement(text))]);

    /// <inheritdoc cref="TogetherAsync(string[])"/>
    internal Task<Answer[]> TogetherAsync(params Statement[] statements) => TogetherAsync([.. statements.Select(one => (Client, one))]);

    /// <inheritdoc cref="TogetherAsync(string[])"/>
    internal async Task<Answer[]> TogetherAsync(params (BrokerClient Caller, Statement Statement)[] errands)
    {
        var answers = await StartTogetherAsync(errands);
        try
        {
            return await Task.WhenAll(answers).WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException(
                $"{answers.Count(answer => !answer.IsCompleted)} of {errands.Length} were never answered: {await Client.GetStatusAsync(Pool)}; warnings: {string.Join("; ", Warnings)}");
        }
    }

    /// <summary>The same, not waited for.</summary>
    internal async Task<Task<Answer>[]> StartTogetherAsync(params (BrokerClient Caller, Statement Statement)[] errands)
    {
        await UntilIdleAsync();
        await Client.SuspendAsync(Pool);
        var answers = errands.Select(errand => RunAsync(errand.Caller, errand.Statement)).ToArray();
        await UntilAsync(status => status.WaitingErrands + answers.Count(answer => answer.IsCompleted) >= errands.Length);
        await Client.ResumeAsync(Pool);
        return answers;
    }

    /// <summary>Teaches the broker each of the statements until eight of it go in one trip.</summary>
    internal Task WarmAsync(params string[] texts) => WarmAsync([.. texts.Select(text => (Client, new Statement(text)))]);

    /// <inheritdoc cref="WarmAsync(string[])"/>
    internal async Task WarmAsync(params (BrokerClient Caller, Statement Statement)[] errands)
    {
        foreach (var (caller, statement) in errands)
        {
            await WarmAsync(_ => statement, caller);
        }
    }

    /// <summary>Teaches the broker a text by statements that differ in their values.</summary>
    internal async Task WarmAsync(Func<int, Statement> statement, BrokerClient? caller = null)
    {
        const int Enough = 8;
        for (var round = 0; round < 8; round++)
        {
            var (answers,
                trips) = await PackAsync([.. Enumerable.Range(round * Enough, Enough).Select(i => (caller ?? Client, statement(i)))]);
            Assert.All(answers, answer => Assert.Equal("", answer.SqlState));
            if (trips is [{ Members: Enough }])
            {
                return;
            }
        }
        Assert.Fail(
            $"{statement(0).Text} of {(caller ?? Client).Terms.Context} never went with its like: {string.Join(' ', Trips.TakeLast(40))}");
    }

    /// <summary>Runs statements together, once they are known. Returns the answers and the trips that carried them.</summary>
    internal async Task<(Answer[] Answers, (string Shape, int Members)[] Trips)> PackAsync(params (BrokerClient Caller,
        Statement Statement)[] errands)
    {
        await UntilIdleAsync();
        var before = Trips.Count;
        var answers = await TogetherAsync(errands);
        await UntilIdleAsync();
        return (answers, [.. Trips.Skip(before)]);
    }

    /// <inheritdoc cref="PackAsync(ValueTuple{BrokerClient, Statement}[])"/>
    internal Task<(Answer[] Answers, (string Shape, int Members)[] Trips)> PackAsync(params string[] texts) =>
        PackAsync([.. texts.Select(text => (Client, new Statement(text)))]);

    /// <summary>Waits until no trip is under way and what was learned from the last is known.</summary>
    internal Task UntilIdleAsync() => UntilAsync(status => status is { Busy: 0, WaitingErrands: 0, Opening: 0 });

    /// <summary>Waits until the pool is so.</summary>
    internal async Task<PoolStatus> UntilAsync(Func<PoolStatus, bool> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var status = await Client.GetStatusAsync(Pool, limit.Token);
            if (isSo(status))
            {
                return status;
            }
            await Task.Yield();
        }
    }

    /// <summary>Waits until a query past the broker answers true.</summary>
    internal async Task UntilDirectlyAsync(string query)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await AskDirectlyAsync<bool>(query))
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Proves that the pool serves after what happened: no connection of it is left in a state that a caller could notice.
    /// </summary>
    internal async Task AssertWholeAsync()
    {
        await UntilIdleAsync();
        for (var round = 0; round < 3; round++)
        {
            var answers = await TogetherAsync([.. Enumerable.Range(0, 8).Select(i => Statement.Of("select $1::int + 1", i))]);
            Assert.Equal(Enumerable.Range(1, 8).Select(i => $"[{i}]"), answers.Select(answer => answer.Rows));
        }
        await UntilIdleAsync();
        // the process of a connection that was closed in its transaction may be there for a moment more
        await UntilDirectlyAsync(
            "select count(*) = 0 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%' and pid <> pg_backend_pid()");
        Assert.Equal(0, Counted("broker.packing.breaches"));
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _system.Terminate();
        await Server.DisposeAsync();
        _recorded.Dispose();
        _meters.Dispose();
        if (_ownsDatabase)
            await SharedPostgres.ReturnDatabaseAsync(ConnectionString);
    }
}
