using System.Diagnostics;
using System.Globalization;
using Broker.Client;
using Broker.Client.Executing;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>Work in the background.</summary>
public sealed class ExecutorTests : HandleStage
{
    [Fact]
    public async Task Work_that_returns_is_committed_and_work_that_throws_is_rolled_back()
    {
        var executor = new SessionExecutor(Sessions);
        Assert.Equal(7, await executor.RunAsync(session =>
        {
            session.Add(new Tag("red", 1));
            return Task.FromResult(7);
        }));
        await Assert.ThrowsAsync<InvalidOperationException>(() => executor.RunAsync(async session =>
        {
            session.Add(new Tag("blue", 1));
            await session.FlushAsync();
            throw new InvalidOperationException();
        }));

        Assert.Equal("red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task Work_is_run_again_on_fresh_state_when_transactions_could_not_be_serialized()
    {
        await DirectlyAsync("insert into items (id, name, price) values (1, 'cup', 0)");
        var executor = new SessionExecutor(
            With(new() { Terms = new() { Isolation = Isolation.RepeatableRead } }),
            new() { Concurrency = 4, Retry = new() { Attempts = 50 } });
        var (runs, bothHaveRead) = (0, new TaskCompletionSource());
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => executor.RunAsync(async session =>
        {
            var item = await session.GetOneAsync<Item>(1L);
            // the first two have the same snapshot: one of them must collide
            if (Interlocked.Increment(ref runs) is var run && run == 2)
                bothHaveRead.SetResult();
            if (run <= 2)
                await bothHaveRead.Task;
            item.Price++;
        })));

        Assert.Equal(20, await AskAsync<int>("select price from items"));
        Assert.True(runs > 20, "nothing ever collided");
    }

    [Fact]
    public async Task Work_may_wait_for_work_of_its_own_executor_also_with_the_last_permit()
    {
        var executor = new SessionExecutor(Sessions, new() { Concurrency = 1 });
        await executor.RunAsync(async outer =>
        {
            outer.Add(new Tag("outer", 1));
            await foreach (var _ in executor.MapAsync(Enumerable.Range(1, 3), (session, number) => executor.RunAsync(inner =>
            {
                inner.Add(new Tag($"inner {number}", 1));
                return Task.FromResult(number);
            })))
            {
            }
        }).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal("inner 1 inner 2 inner 3 outer", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task An_object_from_outside_is_added_anew_by_each_run()
    {
        await DirectlyAsync("insert into items (id, name, price) values (100, 'cup', 0)");
        var executor = new SessionExecutor(With(new() { Terms = new() { Isolation = Isolation.RepeatableRead } }));
        var (added, runs) = (new Item { Name = "mug", Price = 1 }, 0);
        await executor.RunAsync(async session =>
        {
            (await session.GetOneAsync<Item>(100L)).Price++;
            session.Add(added);
            if (runs++ == 0)
                await DirectlyAsync("update items set price = 5 where id = 100");
            session.Add(new Tag("red", 1));
            await session.FlushAsync();
        });

        Assert.Equal(("cup:6 mug:1", 2), (await RowsAsync("items", "name, price"), runs));
    }

    [Fact]
    public async Task What_was_sent_by_a_run_that_failed_later_is_sent_again_by_the_next()
    {
        await DirectlyAsync("insert into items (id, name, price) values (100, 'cup', 0)");
        var executor = new SessionExecutor(With(new() { Terms = new() { Isolation = Isolation.RepeatableRead } }));
        var (added, runs) = (new Item { Name = "mug", Price = 1 }, 0);
        await executor.RunAsync(async session =>
        {
            session.Add(added);
            await session.FlushAsync();
            if (runs++ == 0)
                await DirectlyAsync("update items set price = 5 where id = 100");
            (await session.GetOneAsync<Item>(100L)).Price++;
            await session.QueryAsync<int>($"select 1");
        });

        Assert.Equal(("cup:6 mug:1", 2), (await RowsAsync("items", "name, price"), runs));
    }

    [Fact]
    public async Task Deadlocked_work_is_run_again()
    {
        await DirectlyAsync("insert into items (id, name, price) values (1, 'cup', 0), (2, 'mug', 0)");
        var executor = new SessionExecutor(Sessions, new() { Retry = new() { Attempts = 20 } });
        var both = new Barrier(2);
        var first = true;
        async Task UpdateAsync(Session session, long one, long other)
        {
            await session.ExecuteAsync($"update items set price = price + 1 where id = {one}");
            if (Volatile.Read(ref first))
                await Task.Run(() => both.SignalAndWait());
            Volatile.Write(ref first, false);
            await session.ExecuteAsync($"update items set price = price + 1 where id = {other}");
        }

        await Task.WhenAll(executor.RunAsync(session => UpdateAsync(session, 1, 2)),
            executor.RunAsync(session => UpdateAsync(session, 2, 1)));
        Assert.Equal(4L, await AskAsync<long>("select sum(price) from items"));
    }

    [Fact]
    public async Task Other_failures_are_not_run_again()
    {
        var runs = 0;
        await Assert.ThrowsAsync<BrokerException>(() => new SessionExecutor(Sessions).RunAsync(async session =>
        {
            runs++;
            await session.ExecuteAsync($"select 1/0");
        }));

        Assert.Equal(1, runs);
        Assert.False(RetryPolicy.IsWorthAnotherTry(new CommitUnknown(default, 1, 1, "lost")));
    }

    [Fact]
    public async Task No_more_run_at_a_time_than_may()
    {
        var (running, most) = (0, 0);
        var executor = new SessionExecutor(Sessions, new() { Concurrency = 3 });
        await foreach (var _ in executor.MapAsync(Enumerable.Range(0, 20), async (session, item) =>
        {
            var now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            await session.ExecuteAsync($"select {item}");
            Interlocked.Decrement(ref running);
            return item;
        }))
        {
        }

        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task Results_come_in_the_order_of_the_items()
    {
        var results = new List<int>();
        await foreach (var result in new SessionExecutor(Sessions).MapAsync(Enumerable.Range(0, 50), async (session, item) =>
        {
            session.Add(new Tag($"t{item:00}", item));
            await session.FlushAsync();
            return item * 2;
        }))
            results.Add(result);

        Assert.Equal(Enumerable.Range(0, 50).Select(i => i * 2), results);
        Assert.Equal(50L, await AskAsync<long>("select count(*) from tags"));
    }

    [Fact]
    public async Task After_a_failure_in_a_map_nothing_more_is_begun()
    {
        var begun = 0;
        var executor = new SessionExecutor(Sessions, new() { Concurrency = 1 });
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (var _ in executor.MapAsync(Enumerable.Range(0, 100), (_, item) =>
            {
                Interlocked.Increment(ref begun);
                return item == 2 ? throw new InvalidOperationException() : Task.FromResult(item);
            }))
            {
            }
        });

        Assert.InRange(begun, 3, 5);
    }

    [Fact]
    public async Task Work_runs_with_its_callers_activity_culture_and_flow()
    {
        var flow = new AsyncLocal<string>();
        using var activity = new Activity("caller").Start();
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        (flow.Value, CultureInfo.CurrentCulture) = ("mine", culture);

        var seen = await new SessionExecutor(Sessions).RunAsync(_ =>
            Task.FromResult((flow.Value, CultureInfo.CurrentCulture.NumberFormat.NumberDecimalSeparator, Activity.Current?.TraceId)));

        Assert.Equal(("mine", ",", (ActivityTraceId?)activity.TraceId), seen);
    }

    [Fact]
    public async Task Work_that_is_cancelled_before_its_commit_is_rolled_back()
    {
        using var cancellation = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new SessionExecutor(Sessions).RunAsync(
            async session =>
            {
                session.Add(new Tag("red", 1));
                await session.FlushAsync();
                await cancellation.CancelAsync();
            },
            cancellation.Token));

        Assert.Equal("", await RowsAsync("tags", "name"));
    }

    private static void InterlockedMax(ref int most, int now)
    {
        for (var seen = most; now > seen; seen = most)
            if (Interlocked.CompareExchange(ref most, now, seen) == seen)
                return;
    }
}
