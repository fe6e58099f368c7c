using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>Texts of nothing but blanks and comments. The server has no command tag for them, and no rows.</summary>
public sealed class BlankTextTests : HandleStage
{
    private const int Times = 20;

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("-- nothing")]
    [InlineData("/* nothing */ ;")]
    public async Task A_blank_text_answers_nothing_first_behind_a_write_and_last(string text)
    {
        await using var session = Sessions.Open();
        var blank = new Statement(text);
        Assert.Empty(await session.QueryAsync<string>(blank));
        Assert.Equal(-1, await session.ExecuteAsync(blank));
        Assert.Equal(1, await session.ExecuteAsync($"insert into tags values ('red')"));
        Assert.Empty(await session.QueryAsync<string>(blank));
        Assert.Equal(["red"], await session.QueryAsync<string>($"select name from tags"));
        Assert.Equal(-1, await session.ExecuteAsync(blank));
        await session.CommitAsync();

        Assert.Equal("red", await RowsAsync("tags", "name"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-- nothing")]
    public async Task It_costs_no_connection(string text)
    {
        var processes = new HashSet<int>();
        for (var i = 0; i < Times; i++)
        {
            Assert.Equal(-1, await Broker.ExecuteAsync("shop", new Statement(text)));
            await using var session = Sessions.Open();
            Assert.Equal(-1, await session.ExecuteAsync(new Statement(text)));
            processes.Add((await session.QueryAsync<int>($"select pg_backend_pid()"))[0]);
            processes.Add(await Broker.QuerySingleAsync<int>("shop", $"select pg_backend_pid()"));
        }

        // One that cost a connection would have had one each time. A few more than the pool has are its reserve, which comes when all are
        // lent, to sessions that are still on their way to rest, and goes.
        Assert.InRange(processes.Count, 1, Times / 2);
    }
}
