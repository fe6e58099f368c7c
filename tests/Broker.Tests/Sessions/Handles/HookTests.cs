using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>Hooks: behaviours 60, 63 to 65.</summary>
public sealed class HookTests : HandleStage
{
    [Fact]
    public async Task Hooks_run_around_flush_commit_and_rollback_in_their_order()
    {
        var heard = new List<string>();
        Func<HookedSession, CancellationToken, ValueTask> Hear(string what) => (_, _) =>
        {
            heard.Add(what);
            return ValueTask.CompletedTask;
        };
        await using var session = With(new()
        {
            Hooks = new()
            {
                BeforeFlush = Hear("before flush"), AfterFlush = Hear("after flush"), BeforeCommit = Hear("before commit"),
                AfterCommit = Hear("after commit"),
                BeforeRollback = Hear("before rollback"), AfterRollback = Hear("after rollback"),
            },
        }).Open();
        session.Add(new Tag("red", 1));
        await session.CommitAsync();
        await session.RollbackAsync();

        Assert.Equal(["before commit", "before flush", "after flush", "after commit", "before rollback", "after rollback"], heard);
    }

    [Theory]
    [InlineData("flush")]
    [InlineData("commit")]
    [InlineData("query")]
    [InlineData("add")]
    [InlineData("state")]
    [InlineData("close")]
    public async Task A_hook_that_calls_its_session_is_refused(string call)
    {
        Session? session = null;
        async ValueTask CallAsync(HookedSession hooked, CancellationToken cancellation)
        {
            switch (call)
            {
                case "flush": await session!.FlushAsync(cancellation); break;
                case "commit": await session!.CommitAsync(cancellation); break;
                case "query": await session!.QueryAsync<int>($"select 1", cancellation); break;
                case "add": session!.Add(new Tag("blue", 1)); break;
                case "state": await session!.StateOfAsync(this); break;
                case "close": await session!.CloseAsync(); break;
            }
        }

        await using var opened = session = With(new() { Hooks = new() { BeforeFlush = CallAsync } }).Open();
        session.Add(new Tag("red", 1));

        await RefusedAsync<SessionReentered>(async () => await session.FlushAsync());
        Assert.Equal("", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_hook_adds_work_that_goes_with_the_same_commit()
    {
        await using var session = With(new()
        {
            Hooks = new()
            {
                BeforeFlush = (hooked, _) =>
                {
                    hooked.Add(new Item { Name = "audit" });
                    return ValueTask.CompletedTask;
                },
            },
        }).Open();
        session.Add(new Tag("red", 1));
        await session.CommitAsync();

        Assert.Equal(("red", "audit"), (await RowsAsync("tags", "name"), await RowsAsync("items", "name")));
    }

    [Fact]
    public async Task A_commit_flushes_until_nothing_is_left_and_gives_up_on_hooks_without_end()
    {
        var left = 3;
        await using var session = With(new()
        {
            Hooks = new()
            {
                AfterFlush = (hooked, _) =>
                {
                    if (left-- > 0)
                        hooked.Add(new Item { Name = $"n{left}" });
                    return ValueTask.CompletedTask;
                },
            },
        }).Open();
        session.Add(new Tag("red", 1));
        await session.CommitAsync();
        Assert.Equal("n0 n1 n2", await RowsAsync("items", "name"));

        left = int.MaxValue;
        session.Add(new Tag("blue", 1));
        await Assert.ThrowsAsync<BrokerException>(async () => await session.CommitAsync());
        await session.RollbackAsync();
        Assert.Equal("red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_hook_that_fails_behind_a_commit_does_not_undo_it_and_the_work_is_not_sent_again()
    {
        await using var session = With(new()
        {
            Hooks = new() { AfterCommit = (_, _) => throw new InvalidOperationException("too late") },
        }).Open();
        session.Add(new Tag("red", 1));

        var failed = await RefusedAsync<SessionHookFailed>(async () => await session.CommitAsync());
        Assert.True(failed.Committed);
        Assert.False(failed.SafeToRetry);
        await RefusedAsync<SessionHookFailed>(async () => await session.CommitAsync());
        Assert.Equal("red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_hook_that_fails_before_a_commit_stops_it()
    {
        await using var session = With(new()
        {
            Hooks = new() { BeforeCommit = (_, _) => throw new InvalidOperationException("not now") },
        }).Open();
        session.Add(new Tag("red", 1));

        Assert.False((await RefusedAsync<SessionHookFailed>(async () => await session.CommitAsync())).Committed);
        Assert.Equal("", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_record_that_was_replaced_by_an_equal_one_is_no_work_that_a_hook_has_added()
    {
        await DirectlyAsync("insert into tags values ('red', 1)");
        await using var session = With(new() { Hooks = new() { AfterFlush = (_, _) => ValueTask.CompletedTask } }).Open();
        var tag = await session.GetOneAsync<Tag>("red");
        await session.UpdateAsync(tag with { Weight = 1 });
        await session.CommitAsync();
    }

    [Fact]
    public async Task What_a_hook_has_started_uses_the_session_when_the_hook_has_returned()
    {
        var (go, session) = (new TaskCompletionSource(), (Session?)null);
        Task<IReadOnlyList<int>>? started = null;
        async Task<IReadOnlyList<int>> LaterAsync()
        {
            await go.Task;
            return await session!.QueryAsync<int>($"select 1");
        }

        await using var opened = session = With(new()
        {
            Hooks = new()
            {
                AfterCommit = (_, _) =>
                {
                    started = LaterAsync();
                    return ValueTask.CompletedTask;
                },
            },
        }).Open();
        await session.CommitAsync();
        go.SetResult();
        Assert.Equal([1], await started!);
    }
}
