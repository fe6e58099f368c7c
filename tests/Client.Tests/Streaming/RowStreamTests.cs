using Akka.Actor;
using Akka.TestKit;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Tests.Streaming;

public sealed class RowStreamTests : ScriptedBroker
{
    private readonly TestProbe _stream;

    public RowStreamTests() => _stream = CreateTestProbe("stream");

    [Fact]
    public async Task Rows_come_chunk_by_chunk_until_the_stream_ends()
    {
        var reading = Client.StreamAsync<int>("orders", $"select a from t where b > {7}").ToListAsync().AsTask();
        var id = await Opened();
        Send(id, 1, 2);
        Send(id, 3);
        _stream.Reply(new StreamEnded(id, 3));
        Assert.Equal([1, 2, 3], await reading);
    }

    [Fact]
    public async Task At_most_two_chunks_are_allowed_and_the_next_only_when_one_was_read()
    {
        await using var rows = Client.StreamAsync<int>("orders", "select a from t").GetAsyncEnumerator();
        var first = rows.MoveNextAsync();
        var id = await Opened();
        Send(id, 1, 2);
        Send(id, 3, 4);
        Assert.True(await first);
        Assert.True(await rows.MoveNextAsync());
        await _stream.ExpectNoMsgAsync(TimeSpan.Zero);
        Assert.True(await rows.MoveNextAsync());
        Assert.Equal(1, (await _stream.ExpectMsgAsync<DemandChunks>()).Count);
        Assert.Equal(3, rows.Current);
    }

    [Fact]
    public async Task Leaving_the_loop_early_closes_the_stream()
    {
        var rows = Client.StreamAsync<int>("orders", "select a from t").GetAsyncEnumerator();
        var first = rows.MoveNextAsync();
        var id = await Opened();
        Send(id, 1, 2);
        await first;
        await rows.DisposeAsync();
        Assert.Equal(id, (await _stream.ExpectMsgAsync<CloseStream>()).Id);
    }

    [Fact]
    public async Task A_stream_that_ended_is_not_closed_again()
    {
        var reading = Client.StreamAsync<int>("orders", "select a from t").ToListAsync().AsTask();
        var id = await Opened();
        _stream.Reply(new StreamEnded(id, 0));
        Assert.Empty(await reading);
        await _stream.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task Nothing_is_sent_before_the_first_row_is_asked_for()
    {
        _ = Client.StreamAsync<int>("orders", "select a from t");
        await Pool.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_refusal_to_open_is_thrown()
    {
        var reading = Client.StreamAsync<int>("orders", "select a from t").ToListAsync().AsTask();
        await Pool.ExpectMsgAsync<OpenStream>();
        Pool.Reply(new Refused(new PoolHeld(Orders)));
        await FailsWith<PoolHeld>(() => reading);
    }

    [Fact]
    public async Task A_refusal_in_the_middle_comes_behind_the_rows_before_it()
    {
        await using var rows = Client.StreamAsync<int>("orders", "select a from t").GetAsyncEnumerator();
        var first = rows.MoveNextAsync();
        var id = await Opened();
        Send(id, 1);
        _stream.Reply(new Refused(new StatementFailed("22012", "division by zero")));
        Assert.True(await first);
        await FailsWith<StatementFailed>(async () => await rows.MoveNextAsync());
        Assert.Equal(1, (await _stream.ExpectMsgAsync<DemandChunks>()).Count);
        await _stream.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task The_death_of_the_stream_is_a_lost_connection()
    {
        var reading = Client.StreamAsync<int>("orders", "select a from t").ToListAsync().AsTask();
        await Opened();
        Sys.Stop(_stream.Ref);
        await FailsWith<ConnectionLost>(() => reading);
    }

    [Fact]
    public async Task A_stream_that_died_before_it_was_heard_of_is_a_lost_connection()
    {
        Watch(_stream.Ref);
        Sys.Stop(_stream.Ref);
        await ExpectTerminatedAsync(_stream.Ref);
        var reading = Client.StreamAsync<int>("orders", "select a from t").ToListAsync().AsTask();
        var open = await Pool.ExpectMsgAsync<OpenStream>();
        Pool.Reply(new StreamOpened(open.Id, _stream.Ref));
        await Assert.ThrowsAsync<BrokerException>(() => reading);
    }

    [Fact]
    public async Task Cancelled_in_line_it_leaves_the_line()
    {
        using var caller = new CancellationTokenSource();
        var reading = Client.StreamAsync<int>("orders", $"select a from t", caller.Token).ToListAsync().AsTask();
        var open = await Pool.ExpectMsgAsync<OpenStream>();
        var waiting = Pool.LastSender;
        await caller.CancelAsync();
        Assert.Equal(open.Id, (await Pool.ExpectMsgAsync<CancelErrand>()).Id);
        waiting.Tell(new Refused(new Cancelled("in line")));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task A_stream_that_opens_although_it_was_cancelled_is_closed()
    {
        using var caller = new CancellationTokenSource();
        var reading = Client.StreamAsync<int>("orders", $"select a from t", caller.Token).ToListAsync().AsTask();
        var open = await Pool.ExpectMsgAsync<OpenStream>();
        var waiting = Pool.LastSender;
        await caller.CancelAsync();
        await Pool.ExpectMsgAsync<CancelErrand>();
        waiting.Tell(new StreamOpened(open.Id, _stream.Ref));
        await _stream.ExpectMsgAsync<CloseStream>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task Cancelled_while_it_runs_it_is_closed()
    {
        using var caller = new CancellationTokenSource();
        var reading = Client.StreamAsync<int>("orders", $"select a from t").ToListAsync(caller.Token).AsTask();
        await Opened();
        await caller.CancelAsync();
        await _stream.ExpectMsgAsync<CloseStream>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    private async Task<ErrandId> Opened()
    {
        var open = await Pool.ExpectMsgAsync<OpenStream>();
        Assert.IsType<QueryRows>(open.Source);
        Pool.Reply(new StreamOpened(open.Id, _stream.Ref));
        Assert.Equal(new DemandChunks(open.Id, 2), await _stream.ExpectMsgAsync<DemandChunks>());
        return open.Id;
    }

    private void Send(ErrandId id, params int[] values) => _stream.Reply(new StreamRows(id, Rows(Column("a", "integer", values))));
}
