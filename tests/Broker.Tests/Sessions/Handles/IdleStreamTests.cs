using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>Streams whose consumer does not come back.</summary>
public sealed class IdleStreamTests : HandleStage
{
    private protected override string Settings => "broker.sessions.cursor-idle-limit = 1s";

    [Fact]
    public async Task A_stream_that_lies_idle_is_closed_and_the_session_goes_on()
    {
        await using var session = Sessions.Open();
        await using var rows = session.StreamAsync<int>($"select generate_series(1, 1000)", chunkRows: 1).GetAsyncEnumerator();
        Assert.True(await rows.MoveNextAsync());
        while ((await session.QueryAsync<long>($"select count(*) from pg_cursors where name <> ''"))[0] > 0)
            await Task.Delay(20);

        await RefusedAsync<CursorRefused>(async () => await rows.MoveNextAsync());
        Assert.Equal([1], await session.QueryAsync<int>($"select 1"));
    }
}
