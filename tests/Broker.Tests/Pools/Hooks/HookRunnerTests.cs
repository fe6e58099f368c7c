using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Pools.Hooks;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Hooks;

/// <summary>What hooks may do, and what never gets out of them.</summary>
public sealed class HookRunnerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _ran = [];

    private HookedConnection Connection { get; } = new(new PoolId("orders", "app"), new ConnectionId(3), new NpgsqlConnection(),
        new ConnectionNotes());

    [Fact]
    public async Task Hooks_of_one_kind_run_in_the_order_in_which_they_were_added()
    {
        var hooks = PoolHooks.None.On(HookKind.Connect, Note("a")).On(HookKind.Close, Note("other"))
            .And(PoolHooks.None.On(HookKind.Connect, Note("b")));
        Assert.Null(await Run(hooks, HookKind.Connect));
        Assert.Equal(["a", "b"], _ran);
    }

    [Fact]
    public void Adding_a_hook_leaves_the_set_it_was_added_to_as_it_was()
    {
        var before = PoolHooks.None.On(HookKind.Connect, Note("a"));
        before.On(HookKind.Checkin, Note("b"));
        Assert.False(before.Has(HookKind.Checkin));
        Assert.False(PoolHooks.None.Has(HookKind.Connect));
    }

    [Fact] // 30, 31
    public async Task A_hook_that_throws_becomes_a_failure_that_names_it_and_the_next_does_not_run()
    {
        var hooks = PoolHooks.None.On(HookKind.Checkout, (_, _) => throw new InvalidOperationException("boom"))
            .On(HookKind.Checkout, Note("b"));
        Assert.Equal(new HookFailed(Connection.Pool, "checkout", "boom"), await Run(hooks, HookKind.Checkout));
        Assert.Empty(_ran);
    }

    [Theory] // 30
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_hook_that_throws_a_cancellation_becomes_a_failure_too(bool synchronously)
    {
        var hooks = PoolHooks.None.On(HookKind.Checkin, async (_, _) =>
        {
            if (!synchronously)
            {
                await Task.Yield();
            }

            throw new OperationCanceledException("given up");
        });
        Assert.Equal(new HookFailed(Connection.Pool, "checkin", "given up"), await Run(hooks, HookKind.Checkin));
    }

    [Fact]
    public async Task A_hook_that_overruns_is_not_waited_for_even_if_it_never_listens()
    {
        var entered = new TaskCompletionSource();
        var never = new TaskCompletionSource();
        var hooks = PoolHooks.None.On(HookKind.FirstConnect, async (_, _) =>
        {
            entered.SetResult();
            await never.Task;
        });
        var running = Run(hooks, HookKind.FirstConnect);
        await entered.Task;
        Assert.False(running.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal("it took longer than 15 s (pool.hook-timeout)", (await running)?.Cause);
    }

    [Fact]
    public async Task A_hook_hears_when_its_time_is_over()
    {
        var entered = new TaskCompletionSource();
        var told = new TaskCompletionSource();
        var hooks = PoolHooks.None.On(HookKind.Reset, async (_, limit) =>
        {
            using var registration = limit.Register(told.SetResult);
            entered.SetResult();
            await told.Task;
        });
        var running = Run(hooks, HookKind.Reset);
        await entered.Task;
        _time.Advance(TimeSpan.FromSeconds(15));
        await told.Task;
        Assert.IsType<HookFailed>(await running);
    }

    [Fact] // 31
    public async Task Notes_of_a_connection_are_there_for_its_later_hooks()
    {
        object? seen = null;
        var hooks = PoolHooks.None
            .On(HookKind.Connect, (connection, _) =>
            {
                connection.Notes["tenant"] = 7;
                return ValueTask.CompletedTask;
            })
            .On(HookKind.Checkout, (connection, _) =>
            {
                seen = connection.Notes["tenant"];
                connection.Notes["tenant"] = null;
                return ValueTask.CompletedTask;
            });
        await Run(hooks, HookKind.Connect);
        await Run(hooks, HookKind.Checkout);
        Assert.Equal(7, seen);
        Assert.Null(Connection.Notes["tenant"]);
    }

    private Task<HookFailed?> Run(PoolHooks hooks, HookKind kind) =>
        new HookRunner(hooks, TimeSpan.FromSeconds(15), _time).RunAsync(kind, Connection).AsTask();

    private ConnectionHook Note(string word) => (_, _) =>
    {
        _ran.Add(word);
        return ValueTask.CompletedTask;
    };
}
