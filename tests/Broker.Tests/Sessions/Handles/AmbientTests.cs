using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>A session for each flow of control.</summary>
public sealed class AmbientTests : HandleStage
{
    private AmbientSessions _ambient = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _ambient = new(Sessions);
    }

    [Fact]
    public async Task What_a_flow_calls_and_starts_shares_its_session()
    {
        await using var scope = _ambient.Begin();
        var session = _ambient.Current;

        Assert.Same(session, await CalledAsync());
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(CalledAsync))), other => Assert.Same(session, other));
    }

    [Fact]
    public async Task Flows_that_forked_before_the_first_use_have_sessions_of_their_own()
    {
        var flows = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(async () =>
        {
            var session = _ambient.Current;
            session.Add(new Tag($"tag {i}", i));
            await session.FlushAsync();
            Assert.Same(session, await CalledAsync());
            await (i % 2 == 0 ? session.CommitAsync().AsTask() : Task.CompletedTask);
            await _ambient.RemoveAsync();
            return session;
        })));

        Assert.Equal(10, flows.Distinct().Count());
        Assert.False(_ambient.Exists);
        Assert.Equal("tag 0 tag 2 tag 4 tag 6 tag 8", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task Removing_rolls_back_and_closes_and_the_next_use_opens_another()
    {
        await using var scope = _ambient.Begin();
        var first = _ambient.Current;
        await first.ExecuteAsync($"insert into tags (name) values ('lost')");
        await _ambient.RemoveAsync();
        await _ambient.RemoveAsync();

        Assert.False(_ambient.Exists);
        await RefusedAsync<ConversationGone>(async () => await first.ExecuteAsync($"select 1"));
        Assert.Equal(0, (await Broker.GetStatusAsync("shop")).Lent);
        var second = _ambient.Current;
        Assert.NotSame(first, second);
        await second.ExecuteAsync($"insert into tags (name) values ('kept')");
        await second.CommitAsync();
        Assert.Equal("kept", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task The_first_use_by_many_at_once_opens_one()
    {
        for (var round = 0; round < 100; round++)
        {
            await using var scope = _ambient.Begin();
            var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var users = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
            {
                await start.Task;
                return _ambient.Current;
            })).ToArray();
            start.SetResult();

            Assert.Single((await Task.WhenAll(users)).Distinct());
        }
    }

    [Fact]
    public async Task A_scope_has_a_session_of_its_own_and_behind_it_the_outer_one_goes_on()
    {
        await using var outer = _ambient.Begin();
        var session = _ambient.Current;
        await session.ExecuteAsync($"insert into tags (name) values ('outer')");
        await using (_ambient.Begin())
        {
            Assert.NotSame(session, _ambient.Current);
            await _ambient.Current.ExecuteAsync($"insert into tags (name) values ('inner')");
        }

        Assert.Same(session, _ambient.Current);
        await session.CommitAsync();
        Assert.Equal("outer", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_flow_whose_scope_was_ended_by_another_opens_no_session_in_it()
    {
        var scope = _ambient.Begin();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = Task.Run(async () =>
        {
            await ended.Task;
            var session = _ambient.Current;
            await _ambient.RemoveAsync();
            return (session, _ambient.Exists);
        });
        var inside = _ambient.Current;
        await scope.DisposeAsync();
        ended.SetResult();

        var (session, exists) = await late;
        Assert.NotSame(inside, session);
        Assert.False(exists || _ambient.Exists);
    }

    private async Task<Session> CalledAsync()
    {
        await Task.Yield();
        return _ambient.Current;
    }
}
