using Akka.Actor;
using Broker.Budgets;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Errands;
using Broker.Pools.Hooks;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>
/// A pool or a budget that fails in the middle of its work: who waited or held hears it, and what begins anew does not mistake the old for
/// its own.
/// </summary>
public sealed class PoolThatFailsTests : IAsyncLifetime
{
    private string _database = "";

    public async Task InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>A message that no pool survives.</summary>
    private static RunErrandsAgain Poison { get; } = new(default);

    [Fact]
    public async Task Who_is_being_lent_a_connection_when_the_pool_fails_hears_it()
    {
        var inHook = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        var hooks = PoolHooks.None.On(HookKind.Checkout, async (_, _) =>
        {
            inHook.TrySetResult();
            await goOn.Task;
        });
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0", hooks);
        var waiting = broker.LeaseAsync().AsTask();
        await inHook.Task;
        (await broker.PoolAsync()).Tell(Poison);
        try
        {
            var refused = await Assert.ThrowsAsync<BrokerException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
            Assert.IsType<ConnectionLost>(refused.Failure);
        }
        finally
        {
            goOn.TrySetResult();
        }
    }

    [Fact]
    public async Task A_holder_hears_at_once_that_its_pool_failed()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        await using var lease = await broker.LeaseAsync();
        var lost = new TaskCompletionSource();
        await using var registration = lease.Lost.Register(lost.SetResult);
        (await broker.PoolAsync()).Tell(Poison);
        await lost.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task What_a_holder_of_a_failed_pool_says_of_its_lease_is_not_taken_for_anothers()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        var before = await broker.LeaseAsync();
        (await broker.PoolAsync()).Tell(Poison);
        await using var after = await broker.LeaseAsync();
        before.Invalidate(hard: true);
        before.Detach();
        Assert.Equal(1, (await broker.StatusAsync()).Lent);
        Assert.Equal(1, await after.ScalarAsync("select 1"));
        Assert.NotEqual(before.Id, after.Id);
        await before.DisposeAsync();
    }

    [Fact]
    public async Task Callers_whose_errands_were_under_way_when_the_pool_failed_are_answered()
    {
        await using var broker = Embedded.Start(_database, "size = 2, overflow = 0");
        await broker.Client.ExecuteAsync("orders", $"select 1");
        var pool = await broker.PoolAsync();
        for (var round = 0; round < 50; round++)
        {
            var callers = Enumerable.Range(0, 20).Select(_ => broker.Client.QuerySingleAsync<int>("orders", $"select 1").AsTask())
                .ToArray();
            pool.Tell(Poison);
            foreach (var caller in callers)
            {
                try
                {
                    Assert.Equal(1, await caller.WaitAsync(TimeSpan.FromSeconds(30)));
                }
                catch (BrokerException)
                {
                    // told, as it should be
                }
            }
        }
    }

    [Fact]
    public async Task A_pool_whose_connections_took_the_whole_budget_works_again_soon_after_it_failed()
    {
        var target = new NpgsqlConnectionStringBuilder(_database);
        await using var broker = Embedded.StartWith(
            $"broker.servers.main {{ host = \"{target.Host}\", port = {target.Port}, max-connections = 2, reserve = 0 }}\n"
            + $"broker.databases.orders {{ server = main, database = {target.Database}, user = {target.Username} }}\nbroker.pool {{ size = 2, overflow = 0 }}");
        await (await broker.LeaseAsync()).DisposeAsync();
        await using (await broker.LeaseAsync())
        {
            await using (await broker.LeaseAsync())
            {
            }
        }
        (await broker.PoolAsync()).Tell(Poison);
        await using var lease = await broker.LeaseAsync(TimeSpan.FromSeconds(30)).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, await lease.ScalarAsync("select 1"));
    }

    [Fact]
    public async Task After_a_budget_failed_everything_begins_anew_and_serves()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        Assert.Equal(1, await broker.Client.QuerySingleAsync<int>("orders", $"select 1"));
        var budgets = broker.System.ActorSelection("/user/broker/pools/budget-*");
        budgets.Tell(new BudgetCommands.AskPermit(null!, new("orders", "app"), 1, 1));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                Assert.Equal(1,
                    await broker.Client.QuerySingleAsync<int>("orders", $"select 1").AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
                return;
            }
            catch (BrokerException) when (!limit.IsCancellationRequested)
            {
                await Task.Delay(20);
            }
        }
    }
}
