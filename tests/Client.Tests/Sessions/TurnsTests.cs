using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;

namespace Broker.Client.Tests.Sessions;

public sealed class TurnsTests
{
    private readonly Turns _turns = new();

    [Fact]
    public async Task A_turn_begins_at_once_when_there_is_none()
    {
        var turn = _turns.NextAsync().AsTask();
        Assert.True(turn.IsCompletedSuccessfully);
        Assert.False((await turn).IsOver);
    }

    [Fact]
    public async Task A_turn_waits_until_the_one_before_it_is_over()
    {
        var first = await _turns.NextAsync();
        var second = _turns.NextAsync().AsTask();
        Assert.False(second.IsCompleted);

        first.Dispose();
        first.Dispose();

        using var begun = await second;
        Assert.False(_turns.NextAsync().AsTask().IsCompleted);
    }

    [Fact]
    public async Task Work_is_done_at_once_when_nobody_has_a_turn_and_else_behind_those_who_asked_before()
    {
        var done = new List<int>();
        _turns.Do(1, done.Add, (_, _) => { });
        Assert.Equal([1], done);

        var turn = await _turns.NextAsync();
        _turns.Do(2, done.Add, (_, _) => { });
        _turns.Do(3, done.Add, (_, _) => { });
        var last = _turns.NextAsync().AsTask();
        Assert.Equal([1], done);
        turn.Dispose();
        using var _ = await last;
        Assert.Equal([1, 2, 3], done);
    }

    [Fact]
    public async Task What_work_throws_is_thrown_at_once_or_told_later_and_the_next_turn_begins()
    {
        var refused = new BrokerException(new RowMissing("Item", "1"));
        Assert.Same(refused, Assert.Throws<BrokerException>(() => _turns.Do(refused, static one => throw one, (_, _) => { })));

        var told = new List<Exception>();
        var turn = await _turns.NextAsync();
        _turns.Do(refused, static one => throw one, (_, refused) => told.Add(refused));
        var last = _turns.NextAsync().AsTask();
        turn.Dispose();
        using var _ = await last;
        Assert.Equal([refused], told);
    }

    [Fact]
    public async Task No_two_turns_overlap_however_many_ask_and_each_asker_keeps_its_order()
    {
        var inside = 0;
        var seen = new int[16];
        await Task.WhenAll(Enumerable.Range(0, 16).Select(asker => Task.Run(async () =>
        {
            for (var i = 0; i < 500; i++)
            {
                if (i % 3 == 0)
                {
                    _turns.Do(i, Enter, (_, _) => { });
                    continue;
                }

                using var turn = await _turns.NextAsync();
                Enter(i);
            }

            void Enter(int i)
            {
                Assert.Equal(1, Interlocked.Increment(ref inside));
                Assert.Equal(i, seen[asker]++);
                Interlocked.Decrement(ref inside);
            }
        })));
        using var last = await _turns.NextAsync();
        Assert.All(seen, count => Assert.Equal(500, count));
    }

    [Fact]
    public async Task A_long_line_of_work_is_no_deep_stack()
    {
        var done = 0;
        var turn = await _turns.NextAsync();
        for (var i = 0; i < 100_000; i++)
            _turns.Do(i, _ => done++, (_, _) => { });
        var last = _turns.NextAsync().AsTask();
        turn.Dispose();
        using var _ = await last;
        Assert.Equal(100_000, done);
    }

    [Fact]
    public async Task A_turn_that_was_cancelled_while_it_waited_is_passed_over()
    {
        using var cancel = new CancellationTokenSource();
        var first = await _turns.NextAsync();
        var second = _turns.NextAsync(cancel.Token).AsTask();
        var third = _turns.NextAsync().AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(third.IsCompleted);
        first.Dispose();
        (await third).Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _turns.NextAsync(cancel.Token));
    }

    [Fact]
    public async Task Whatever_work_throws_behind_others_is_told_and_ends_no_process()
    {
        var told = new List<Exception>();
        var turn = await _turns.NextAsync();
        _turns.Do(0, static _ => throw new InvalidOperationException(), (_, refused) => told.Add(refused));
        var last = _turns.NextAsync().AsTask();
        turn.Dispose();
        using var _ = await last;
        Assert.IsType<InvalidOperationException>(Assert.Single(told));
    }
}
