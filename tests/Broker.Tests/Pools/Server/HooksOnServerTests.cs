using System.Collections.Concurrent;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Pools.Hooks;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>Hooks on real connections.</summary>
public sealed class HooksOnServerTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _ran = new();
    private string _database = "";

    public async Task InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Each_hook_runs_at_its_moment_in_a_connections_life()
    {
        var closed = new TaskCompletionSource();
        var hooks = Enum.GetValues<HookKind>().Aggregate(PoolHooks.None, (hooks, kind) => hooks.On(kind, Note(kind.ToString())))
            .On(HookKind.Close, (_, _) =>
            {
                closed.SetResult();
                return ValueTask.CompletedTask;
            });
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0", hooks);
        await (await broker.LeaseAsync()).DisposeAsync();
        await broker.UntilAsync(status => status.Idle == 1);
        await broker.Client.InvalidateAsync("orders");
        await closed.Task;
        Assert.Equal(["FirstConnect", "Connect", "Checkout", "Reset", "Checkin", "Invalidate", "Close"], _ran);
    }

    [Fact] // 15
    public async Task The_first_connect_hook_runs_once_while_all_others_wait_for_it()
    {
        var goOn = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        var hooks = PoolHooks.None
            .On(HookKind.FirstConnect, async (_, _) =>
            {
                _ran.Enqueue("first");
                begun.SetResult();
                await goOn.Task;
            })
            .On(HookKind.Connect, Note("connect"));
        await using var broker = Embedded.Start(_database, "size = 5", hooks);
        var leasing = Enumerable.Range(0, 5).Select(_ => broker.LeaseAsync().AsTask()).ToArray();
        await begun.Task;
        Assert.Equal(1, (await broker.UntilAsync(status => status.Waiting == 5)).Opening);
        Assert.Equal(["first"], _ran);
        goOn.SetResult();
        foreach (var lease in await Task.WhenAll(leasing))
        {
            await lease.DisposeAsync();
        }

        Assert.Single(_ran, word => word == "first");
        Assert.InRange(_ran.Count(word => word == "connect"), 1, 5);
    }

    [Theory] // 30
    [InlineData(HookKind.Checkout)]
    [InlineData(HookKind.Connect)]
    public async Task A_hook_that_throws_a_cancellation_refuses_its_caller_and_leaks_no_slot(HookKind kind)
    {
        var fails = true;
        var hooks = PoolHooks.None.On(kind, (_, _) => fails ? throw new OperationCanceledException("not today") : ValueTask.CompletedTask);
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0", hooks);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var refused = await Assert.ThrowsAsync<BrokerException>(() => broker.LeaseAsync().AsTask());
            Assert.Contains("not today", Assert.IsType<HookFailed>(refused.Failure).Message, StringComparison.Ordinal);
        }

        fails = false;
        await using var lease = await broker.LeaseAsync();
        Assert.Equal(1, await lease.ScalarAsync("select 1"));
    }

    [Fact] // 31
    public async Task A_checkin_hook_that_throws_discards_its_connection_and_the_notes_of_the_next_begin_empty()
    {
        var throws = true;
        var hooks = PoolHooks.None
            .On(HookKind.Checkout, (connection, _) =>
            {
                _ran.Enqueue($"{connection.Id} {connection.Notes["uses"] ?? 0}");
                connection.Notes["uses"] = (int)(connection.Notes["uses"] ?? 0) + 1;
                return ValueTask.CompletedTask;
            })
            .On(HookKind.Checkin,
                (_, _) => throws && _ran.Count == 2 ? throw new InvalidOperationException("boom") : ValueTask.CompletedTask);
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0", hooks);
        for (var use = 0; use < 3; use++)
        {
            await (await broker.LeaseAsync()).DisposeAsync();
        }

        Assert.Equal(["c1 0", "c1 1", "c2 0"], _ran);
        throws = false;
    }

    [Fact]
    public async Task A_reset_hook_sees_the_transaction_that_was_left_open_and_a_connect_hook_prepares_every_connection()
    {
        var hooks = PoolHooks.None
            .On(HookKind.Connect, (connection, _) => RunAsync(connection, "create temporary table mine (id int)"))
            .On(HookKind.Reset, async (connection, _) =>
            {
                await using var command = new NpgsqlCommand("select count(*) from mine", connection.Connection);
                _ran.Enqueue($"{await command.ExecuteScalarAsync(CancellationToken.None)}");
            });
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0", hooks);
        await using (var lease = await broker.LeaseAsync())
        {
            await lease.ScalarAsync("begin");
            await lease.ScalarAsync("insert into mine values (1)");
        }

        await using var next = await broker.LeaseAsync();
        Assert.Equal(["1"], _ran);
    }

    private static async ValueTask RunAsync(HookedConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection.Connection);
        await command.ExecuteNonQueryAsync();
    }

    private ConnectionHook Note(string word) => (_, _) =>
    {
        _ran.Enqueue(word);
        return ValueTask.CompletedTask;
    };
}
