using System.Threading.Channels;
using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol.Messages;
using Broker.Errands;
using Broker.Postgres;
using Npgsql;
using Xunit;
using static Broker.Tests.Pools.Server.LinkKeeper;

namespace Broker.Tests.Pools.Server;

/// <summary>Links of others and connections of the pool, side by side on a real server.</summary>
public sealed class SlotsOnServerTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly InUse _used = new();
    private readonly Channel<Event> _told = Channel.CreateUnbounded<Event>();
    private string _admin = "";
    private string _database = "";

    public async Task InitializeAsync()
    {
        _database = await SharedPostgres.CreateDatabaseAsync();
        _admin = await SharedPostgres.ConnectionStringAsync();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Links_and_leases_never_pass_their_limit_together_and_all_are_served_with_errands_among_them()
    {
        await using var broker = Embedded.Start(_database, "size = 4, overflow = 0");
        var keepers = new[] { await KeeperAsync(broker, 1), await KeeperAsync(broker, 2) };
        foreach (var keeper in keepers)
        {
            keeper.Tell(new Have(3));
        }

        var leases = Enumerable.Range(0, 6).Select(async _ =>
        {
            for (var i = 0; i < 20; i++)
            {
                await using var lease = await broker.LeaseAsync();
                _used.Enter();
                Assert.Equal(1, await lease.ScalarAsync("select 1"));
                _used.Leave();
            }
        });
        var errands = Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var i = 0; i < 20; i++)
            {
                Assert.Equal(1, await broker.Client.QuerySingleAsync<int>("orders", $"select 1"));
            }
        });
        await Task.WhenAll(leases.Concat(errands)).WaitAsync(TimeSpan.FromMinutes(2));

        // Then the links have all, and in the end all comes back.
        await broker.UntilAsync(status => status.Lent == 4 && status.Leases
            .All(lease => lease.Holder == "gateway" && lease.BackendPid != 0));
        foreach (var keeper in keepers)
        {
            keeper.Tell(new Have(0));
        }

        await broker.UntilAsync(status => status is { Lent: 0, Waiting: 0 });
        Assert.DoesNotContain(Told(), told => told.What == What.Failed);
        Assert.Equal(4, _used.Most);
    }

    [Fact]
    public async Task A_lease_gets_the_place_of_a_link_and_a_link_that_of_an_idle_connection()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        var keeper = await KeeperAsync(broker, 1);
        keeper.Tell(new Have(1));
        await ExpectAsync(What.Opened);
        await using (var lease = await broker.LeaseAsync())
        {
            await ExpectAsync(What.Closed);
            Assert.Equal(1, await lease.ScalarAsync("select 1"));
        }

        await ExpectAsync(What.Opened);
        Assert.Equal(1, await broker.Client.QuerySingleAsync<int>("orders", $"select 1"));
    }

    [Fact]
    public async Task Under_a_budget_that_is_used_up_a_link_gets_the_place_of_an_idle_connection_and_a_lease_that_of_a_link()
    {
        await using var broker = StartWithBudget(2, "size = 10, overflow = 0");
        await using (await broker.LeaseAsync())
        {
            await using var other = await broker.LeaseAsync();
        }

        var keeper = await KeeperAsync(broker, 1);
        keeper.Tell(new Have(2));
        await ExpectAsync(What.Opened);
        await ExpectAsync(What.Opened);
        Assert.Equal((0, 2), await BudgetAsync(broker));
        await using var lease = await broker.LeaseAsync();
        Assert.Equal(1, await lease.ScalarAsync("select 1"));
    }

    [Fact]
    public async Task A_link_left_behind_counts_until_the_server_has_ended_it()
    {
        await using var broker = StartWithBudget(2, "size = 1, overflow = 0");
        var keeper = await KeeperAsync(broker, 1);
        keeper.Tell(new Have(1));
        var opened = await ExpectAsync(What.Opened);
        keeper.Tell(new Lose(opened.Lease!.Value));
        keeper.Tell(new Have(0));
        await using var lease = await broker.LeaseAsync();
        Assert.Equal((1, 2), await BudgetAsync(broker));

        await EndAsync(opened.Link!);
        await lease.DisposeAsync();
        using var limit = new CancellationTokenSource(Limit);
        while (await BudgetAsync(broker) != (0, 1))
        {
            await Task.Delay(20, limit.Token);
        }
    }

    [Fact]
    public async Task Links_of_a_holder_that_dies_are_ghosts_until_the_server_shows_them_gone()
    {
        await using var broker = Embedded.Start(_database, "size = 2, overflow = 0");
        var keeper = await KeeperAsync(broker, 1);
        keeper.Tell(new Have(2));
        await ExpectAsync(What.Opened);
        await ExpectAsync(What.Opened);
        await broker.UntilAsync(status => status.Leases.All(lease => lease.BackendPid != 0));
        broker.System.Stop(keeper);
        await using var lease = await broker.LeaseAsync();
        Assert.Equal(1, await lease.ScalarAsync("select 1"));
        Assert.Equal(1, (await broker.StatusAsync()).Lent);
        using var limit = new CancellationTokenSource(Limit);
        while ((await BudgetAsync(broker)).Ghosts > 0)
        {
            await Task.Delay(20, limit.Token);
        }
    }

    [Fact]
    public async Task A_pool_that_is_invalidated_has_its_links_replaced()
    {
        await using var broker = Embedded.Start(_database, "size = 2, overflow = 0");
        var keeper = await KeeperAsync(broker, 1);
        keeper.Tell(new Have(1));
        var before = await ExpectAsync(What.Opened);
        (await broker.PoolAsync()).Tell(new InvalidatePool(Hard: true), ActorRefs.NoSender);
        await ExpectAsync(What.Outdated);
        var after = await ExpectAsync(What.Opened);
        Assert.NotEqual(before.Lease, after.Lease);
        Assert.Equal(1, (await broker.StatusAsync()).Lent);
    }

    [Fact]
    public async Task A_stop_takes_links_along_and_leaves_no_server_process()
    {
        var broker = Embedded.Start(_database, "size = 3, overflow = 0");
        var keeper = await KeeperAsync(broker, 1);
        keeper.Tell(new Have(2));
        await ExpectAsync(What.Opened);
        await ExpectAsync(What.Opened);
        await broker.DisposeAsync();
        await ExpectAsync(What.Outdated);
        await using var asking = new NpgsqlConnection(_admin);
        await asking.OpenAsync();
        var name = new NpgsqlConnectionStringBuilder(_database).Database;
        await using var left = new NpgsqlCommand($"select count(*) from pg_stat_activity where datname = '{name}'", asking);
        using var limit = new CancellationTokenSource(Limit);
        while ((long)(await left.ExecuteScalarAsync(limit.Token))! > 0)
        {
            await Task.Delay(5, limit.Token);
        }
    }

    [Fact]
    public async Task A_pool_that_fails_takes_its_slots_back_and_begins_anew()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        var keeper = await KeeperAsync(broker, 1);
        keeper.Tell(new Have(1));
        var before = await ExpectAsync(What.Opened);
        (await broker.PoolAsync()).Tell(new RunErrandsAgain(default));
        Assert.Equal(before.Lease, (await ExpectAsync(What.Revoked)).Lease);
        Assert.NotEqual(before.Lease, (await ExpectAsync(What.Opened)).Lease);
        await using var lease = await broker.LeaseAsync();
        Assert.Equal(1, await lease.ScalarAsync("select 1"));
    }

    private Embedded StartWithBudget(int connections, string pool)
    {
        var target = new NpgsqlConnectionStringBuilder(_database);
        return Embedded.StartWith(
            $"broker.servers.main {{ host = \"{target.Host}\", port = {target.Port}, max-connections = {connections}, reserve = 0 }}\n"
            + $"broker.databases.orders {{ server = main, database = {target.Database}, user = {target.Username} }}\nbroker.pool {{ {pool} }}");
    }

    private async Task<IActorRef> KeeperAsync(Embedded broker, int number) =>
        broker.System.ActorOf(For(number, await broker.PoolAsync(), _database, _admin, _told.Writer, _used));

    /// <summary>The next event of this kind; others before it are passed over.</summary>
    private async Task<Event> ExpectAsync(What what)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            var told = await _told.Reader.ReadAsync(limit.Token);
            if (told.What == what)
            {
                return told;
            }
        }
    }

    private List<Event> Told()
    {
        var all = new List<Event>();
        while (_told.Reader.TryRead(out var told))
        {
            all.Add(told);
        }

        return all;
    }

    private static async Task<(int Ghosts, int Used)> BudgetAsync(Embedded broker)
    {
        var told = new TaskCompletionSource<BudgetStatus>();
        var asking = broker.System.ActorOf(Props.Create(() => new Hearing(told)));
        broker.System.ActorSelection("/user/broker/pools/budget-*").Tell(BudgetCommands.GetBudgetStatus.Instance, asking);
        var status = await told.Task.WaitAsync(Limit);
        broker.System.Stop(asking);
        return (status.Ghosts, status.Used);
    }

    private sealed class Hearing(TaskCompletionSource<BudgetStatus> told) : UntypedActor
    {
        protected override void OnReceive(object message) => told.TrySetResult((BudgetStatus)message);
    }
}
