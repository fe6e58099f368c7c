using System.Runtime.CompilerServices;
using Akka.Actor;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Tests.Hosting;
using Broker.Tests.Sessions.Handles;
using Xunit;

namespace Broker.Tests.Sandboxes;

/// <summary>How a sandbox ends: in order, with somebody at work, by a loss, or forgotten.</summary>
public sealed class SandboxEndTests : SandboxStage
{
    [Fact]
    public async Task Sessions_left_open_are_closed_and_whoever_waits_is_told()
    {
        await using var session = InsideSessions.Open();
        await AddAsync("first");
        session.Add(new Tag("open", 1));
        await session.FlushAsync();
        var waiting = AddAsync("waits");
        await Sandbox.DisposeAsync();

        await RefusedAsync<SandboxOver>(() => waiting);
        await Assert.ThrowsAsync<BrokerException>(async () => await session.CommitAsync());
        await RefusedAsync<BrokerStopping>(() => AddAsync("late"));
        await UntilNobodyHoldsAsync();
        Assert.Equal("", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_statement_under_way_is_ended_with_it()
    {
        var running = Inside.ExecuteAsync("shop", $"select pg_sleep(60)").AsTask();
        while (await AskAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()") == 0)
        {
            await Task.Yield();
        }
        await Sandbox.DisposeAsync();

        await RefusedAsync<SandboxOver>(() => running);
        await UntilNobodyHoldsAsync();
    }

    [Fact]
    public async Task One_that_nobody_used_ends_at_once_and_any_number_of_times()
    {
        await Sandbox.DisposeAsync();
        await Sandbox.DisposeAsync();
        Assert.Equal(0, (await Broker.GetStatusAsync("shop")).Lent);
    }

    [Fact]
    public async Task A_lost_connection_loses_the_sandbox_and_every_later_use_says_so()
    {
        await AddAsync("one");
        await using var session = InsideSessions.Open();
        await session.ExecuteAsync($"insert into tags (name) values ('two')");
        await DirectlyAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'");
        await RefusedAsync<ConnectionLost>(async () => await session.ExecuteAsync($"select 1"));
        await session.RollbackAsync();

        await RefusedAsync<SandboxOver>(async () => await session.ExecuteAsync($"select 1"));
        await RefusedAsync<SandboxOver>(() => AddAsync("three"));
        await Sandbox.DisposeAsync();
        await UntilNobodyHoldsAsync();
        await OpenAsync();
        await AddAsync("afresh");
        Assert.Equal("afresh", await NamesAsync());
    }

    [Fact]
    public async Task A_connection_that_is_lost_under_an_errand_loses_it_too()
    {
        await AddAsync("one");
        await RefusedAsync<ConnectionLost>(async () => await Inside.ExecuteAsync("shop", $"select pg_terminate_backend(pg_backend_pid())"));
        await RefusedAsync<SandboxOver>(() => AddAsync("two"));
    }

    [AtHomeFact("a client cannot make an actor of the broker fail")]
    public async Task A_pool_of_it_that_fails_leaves_nobody_waiting()
    {
        await using var holds = InsideSessions.Open();
        await holds.ExecuteAsync($"insert into tags (name) values ('held')");
        await using var waits = InsideSessions.Open();
        var waiting = waits.ExecuteAsync($"select 1").AsTask();
        (await Inside.Sender.Pools.FindAsync("shop", null)).Supervisor.Tell(Kill.Instance);

        await Assert.ThrowsAsync<BrokerException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAsync<BrokerException>(() => waits.ExecuteAsync($"select 1").AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAsync<BrokerException>(() => InsideSessions.Open().ExecuteAsync($"select 1").AsTask()
            .WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAsync<BrokerException>(() => AddAsync("late").WaitAsync(TimeSpan.FromSeconds(30)));
        await UntilNobodyHoldsAsync();
    }

    [Fact]
    public async Task One_that_is_forgotten_is_found_and_its_connection_comes_back()
    {
        await ForgetAsync();
        while ((await Broker.GetStatusAsync("shop")).Lent > 0)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Yield();
        }
        Assert.Equal("", await RowsAsync("tags", "name"));
    }

    // In a method of its own, which leaves nothing of it on the stack.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task ForgetAsync()
    {
        await Task.Yield();
        var forgotten = await Broker.OpenSandboxAsync();
        await AddAsync("lost", forgotten.Broker);
    }
}
