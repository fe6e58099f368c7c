using Akka.Actor;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Hosting;
using Broker.Leases;
using Broker.Postgres;
using Npgsql;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Leases;

/// <summary>Leases at the embedded door, on a real server.</summary>
public sealed class LeaseTests : IAsyncLifetime
{
    private readonly ActorSystem _system = ActorSystem.Create("leases", "akka { loglevel = ERROR, stdout-loglevel = OFF }");
    private BrokerClient _broker = null!;

    public async Task InitializeAsync()
    {
        var target = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync());
        _broker = _system.StartBroker(BrokerSettings.Parse($$"""
            broker {
              servers.main { host = "{{target.Host}}", port = {{target.Port}}, tls = disable, max-connections = 10 }
              databases.one { server = main, database = "{{target.Database}}", user = "{{target.Username}}", pool { size = 1, overflow = 0 } }
              databases.three { server = main, database = "{{target.Database}}", user = "{{target.Username}}", pool { size = 3, overflow = 0 } }
            }
            """));
    }

    public async Task DisposeAsync() => await CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance);

    [Fact]
    public async Task A_lease_gives_a_connection_that_works()
    {
        await using var lease = await _broker.LeaseAsync("one");
        Assert.Equal(lease.BackendPid, await ScalarAsync<int>(lease.Connection, "select pg_backend_pid()"));
    }

    [Fact]
    public async Task A_wrapper_kept_after_its_return_refuses_and_the_same_process_serves_the_next()
    {
        var lease = await _broker.LeaseAsync("one");
        var kept = lease.Connection;
        await lease.DisposeAsync();
        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => ScalarAsync<int>(kept, "select 1"));
        await Assert.ThrowsAnyAsync<Exception>(() => kept.OpenAsync());
        await using var next = await _broker.LeaseAsync("one");
        Assert.Equal(lease.BackendPid, next.BackendPid);
    }

    [Fact]
    public async Task Returning_twice_or_on_another_thread_counts_once()
    {
        var lease = await _broker.LeaseAsync("one");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await lease.DisposeAsync())));
        await using var next = await _broker.LeaseAsync("one");
        await using var refused = new Refusal(() => _broker.LeaseAsync("one", new LeaseOptions { Queueing = false }));
        Assert.IsType<PoolBusy>(await refused.FailureAsync());
    }

    [Fact]
    public async Task A_transaction_left_open_is_rolled_back_at_return()
    {
        await using (var lease = await _broker.LeaseAsync("one"))
        {
            await ExecuteAsync(lease.Connection, "create table left_open(v int)");
            await lease.Connection.BeginTransactionAsync();
            await ExecuteAsync(lease.Connection, "insert into left_open values (1)");
        }
        await using var next = await _broker.LeaseAsync("one");
        Assert.Equal(0L, await ScalarAsync<long>(next.Connection, "select count(*) from left_open"));
    }

    [Fact]
    public async Task A_lease_that_is_forgotten_is_found_and_its_connection_replaced()
    {
        var forgotten = await ForgetAsync(_broker);
        // The garbage collector finds what nobody holds; each pass is an event to look after.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await _broker.GetStatusAsync("one", limit.Token)).Lent > 0)
        {
            limit.Token.ThrowIfCancellationRequested();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        await using var next = await _broker.LeaseAsync("one", cancellation: limit.Token);
        Assert.NotEqual(forgotten, next.BackendPid);
    }

    [Fact]
    public async Task A_flow_that_holds_all_and_wants_one_more_is_told_at_once_and_errands_still_work()
    {
        await using var one = await _broker.LeaseAsync("three");
        await using var two = await _broker.LeaseAsync("three");
        await using var three = await _broker.LeaseAsync("three");
        await using var refused = new Refusal(() => _broker.LeaseAsync("three"));
        Assert.Equal(3, Assert.IsType<SelfStarved>(await refused.FailureAsync()).Lent);
        Assert.Equal(1, await _broker.QuerySingleAsync<int>("three", $"select 1"));
    }

    [Fact]
    public async Task Callers_that_each_hold_one_and_want_another_are_not_left_waiting()
    {
        var all = new TaskCompletionSource();
        var holding = 0;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            await using var first = await _broker.LeaseAsync("three");
            if (Interlocked.Increment(ref holding) == 3)
            {
                all.SetResult();
            }
            await all.Task;
            try
            {
                await using var second = await _broker.LeaseAsync("three");
                return (Failure?)null;
            }
            catch (BrokerException refused)
            {
                return refused.Failure;
            }
        })));
        Assert.Contains(outcomes, outcome => outcome is SelfStarved);
        Assert.All(outcomes, outcome => Assert.True(outcome is null or SelfStarved));
    }

    [Fact]
    public async Task A_cancelled_wait_leaves_the_line()
    {
        await using var holder = await _broker.LeaseAsync("one");
        using var cancel = new CancellationTokenSource();
        var waiting = InAnotherFlow(() => _broker.LeaseAsync("one", cancellation: cancel.Token).AsTask());
        while ((await _broker.GetStatusAsync("one")).Waiting == 0)
        {
            await Task.Yield();
        }
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        while ((await _broker.GetStatusAsync("one")).Waiting > 0)
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task An_unknown_database_is_refused_with_the_nearest_name()
    {
        await using var refused = new Refusal(() => _broker.LeaseAsync("tree"));
        Assert.Equal("three", Assert.IsType<UnknownDatabase>(await refused.FailureAsync()).Nearest);
    }

    [Fact]
    public async Task What_is_not_served_yet_is_refused_and_not_left_waiting()
    {
        var keyed = await Assert.ThrowsAsync<BrokerException>(async () => await _broker.WithIdempotencyKey("k")
            .ExecuteAsync("one", $"select 1"));
        Assert.IsType<LedgerUnavailable>(keyed.Failure);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static async Task<int> ForgetAsync(BrokerClient broker) => (await broker.LeaseAsync("one")).BackendPid;

    /// <summary>What this flow holds is not what that one holds.</summary>
    private static Task<T> InAnotherFlow<T>(Func<Task<T>> run)
    {
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(run);
        }
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A lease that is expected to be refused; returned if it is not, so that a failing test does not starve the next.</summary>
    private sealed class Refusal(Func<ValueTask<Lease>> ask) : IAsyncDisposable
    {
        private Lease? _given;

        internal async Task<Failure> FailureAsync()
        {
            try
            {
                _given = await ask();
            }
            catch (BrokerException refused)
            {
                return refused.Failure;
            }
            throw new InvalidOperationException("The lease was given.");
        }

        public ValueTask DisposeAsync() => _given?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
