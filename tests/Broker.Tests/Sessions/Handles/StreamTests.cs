using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>Rows read through a server cursor.</summary>
public sealed class StreamTests : HandleStage
{
    [Fact]
    public async Task Other_commands_of_the_session_run_inside_the_loop()
    {
        await using var session = Sessions.Open();
        await session.ExecuteAsync($"insert into items (id, name) select i, 'n' || i from generate_series(1, 25) i");
        var seen = 0;
        await foreach (var id in session.StreamAsync<long>($"select id from items order by id", chunkRows: 10))
        {
            Assert.Equal(++seen, id);
            await session.ExecuteAsync($"update items set price = {seen} where id = {id}");
        }

        await session.CommitAsync();
        Assert.Equal((25, 325L), (seen, await AskAsync<long>("select sum(price) from items")));
    }

    [Fact]
    public async Task A_stream_that_is_left_early_is_closed()
    {
        await using var session = Sessions.Open();
        await foreach (var _ in session.StreamAsync<int>($"select generate_series(1, 1000)", chunkRows: 10))
            break;

        Assert.Equal([0L], await session.QueryAsync<long>($"select count(*) from pg_cursors where name <> ''"));
    }

    [Fact]
    public async Task A_stream_fails_once_its_transaction_is_over()
    {
        await using var session = Sessions.Open();
        await using var rows = session.StreamAsync<int>($"select generate_series(1, 1000)", chunkRows: 1).GetAsyncEnumerator();
        Assert.True(await rows.MoveNextAsync());
        await session.CommitAsync();

        await RefusedAsync<CursorRefused>(async () => await rows.MoveNextAsync());
    }

    [Fact]
    public async Task A_stream_fails_once_its_session_is_closed_and_rows_that_were_read_stay()
    {
        var session = Sessions.Open();
        var read = await session.QueryAsync<int>($"select generate_series(1, 3)");
        await using var rows = session.StreamAsync<int>($"select generate_series(1, 1000)", chunkRows: 1).GetAsyncEnumerator();
        Assert.True(await rows.MoveNextAsync());
        await session.CloseAsync();

        await RefusedAsync<ConversationGone>(async () => await rows.MoveNextAsync());
        Assert.Equal([1, 2, 3], read);
    }
}
