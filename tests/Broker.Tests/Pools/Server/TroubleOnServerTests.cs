using System.Collections.Concurrent;
using Broker.Client;
using Broker.Pools.Hooks;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>Many at once on real connections, while something goes wrong.</summary>
public sealed class TroubleOnServerTests : IAsyncLifetime
{
    private string _database = "";

    public async Task InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact] // 8
    public async Task A_connect_that_hangs_holds_up_one_borrower_and_the_others_use_the_remaining_slots()
    {
        var hanging = new TaskCompletionSource();
        var count = 0;
        var hooks = PoolHooks.None.On(HookKind.Connect, async (_, _) =>
        {
            if (Interlocked.Increment(ref count) == 1)
            {
                await hanging.Task;
            }
        });
        await using var broker = Embedded.Start(_database, "size = 3, overflow = 0, hook-timeout = 1m", hooks);
        var leasing = Enumerable.Range(0, 3).Select(_ => broker.LeaseAsync().AsTask()).ToList();
        await broker.UntilAsync(status => status is { Lent: 2, Opening: 1, Waiting: 1 });
        var first = await Task.WhenAny(leasing);
        leasing.Remove(first);
        await using var second = await await Task.WhenAny(leasing);

        // A return serves the one whose connect hangs: nobody waits on its own connect.
        var last = Assert.Single(leasing, one => !one.IsCompleted);
        await (await first).DisposeAsync();
        await using var served = await last;
        hanging.SetResult();
    }

    [Fact] // 29
    public async Task Fifteen_holders_whose_connections_are_killed_together_replace_each_once_and_no_more()
    {
        var opened = 0;
        var hooks = PoolHooks.None.On(HookKind.Connect, (_, _) =>
        {
            Interlocked.Increment(ref opened);
            return ValueTask.CompletedTask;
        });
        await using var broker = Embedded.Start(_database, "size = 15, overflow = 0, self-starved = wait", hooks);
        var killed = await Task.WhenAll(Enumerable.Range(0, 15).Select(_ => broker.LeaseAsync().AsTask()));
        await using var killer = new NpgsqlConnection(_database);
        await killer.OpenAsync();
        await using var kill = new NpgsqlCommand("select pg_terminate_backend(pid, 10000) from pg_stat_activity where pid = any($1)",
            killer)
        {
            Parameters = { new NpgsqlParameter<int[]> { TypedValue = [.. killed.Select(lease => lease.BackendPid)] } },
        };
        await kill.ExecuteNonQueryAsync();
        await Task.WhenAll(killed.Select(async lease =>
        {
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => lease.ScalarAsync("select 1"));
            await lease.DisposeAsync();
        }));
        var after = await Task.WhenAll(Enumerable.Range(0, 15).Select(_ => broker.LeaseAsync().AsTask()));
        Assert.Empty(after.Select(lease => lease.BackendPid).Intersect(killed.Select(lease => lease.BackendPid)));
        foreach (var lease in after)
        {
            Assert.Equal(1, await lease.ScalarAsync("select 1"));
            await lease.DisposeAsync();
        }

        // And at most the reserve, which asks the server about those that were lost while all others are lent.
        Assert.InRange(opened, 30, 31);
    }

    [Fact] // 25, 44
    public async Task A_stop_while_connections_open_and_under_load_answers_everybody_and_leaves_no_server_process()
    {
        var ends = new ConcurrentBag<Exception>();
        var used = 0;
        var underLoad = new TaskCompletionSource();
        var broker = Embedded.Start(_database, "size = 5, overflow = 10");
        var borrowers = Enumerable.Range(0, 40).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    await using var lease = await broker.LeaseAsync();
                    await lease.ScalarAsync("select pg_sleep(0.002)");
                    if (Interlocked.Increment(ref used) == 20)
                    {
                        underLoad.SetResult();
                    }
                }
            }
            catch (Exception end) when (end is BrokerException or NpgsqlException or InvalidOperationException)
            {
                ends.Add(end);
            }
        })).ToArray();
        await underLoad.Task;
        await broker.DisposeAsync();
        await Task.WhenAll(borrowers).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(40, ends.Count);
        await using var asking = new NpgsqlConnection(_database);
        await asking.OpenAsync();
        await using var left = new NpgsqlCommand("select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'", asking);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((long)(await left.ExecuteScalarAsync(limit.Token))! > 0)
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
