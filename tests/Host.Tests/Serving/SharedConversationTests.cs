using Broker.Client.Sessions;
using Broker.Host.Demo;
using Xunit;

namespace Broker.Host.Tests.Serving;

/// <summary>One conversation of several processes, which come in through the door of a brokerd.</summary>
public sealed class SharedConversationTests
{
    private const int Guests = 4;
    private const int Lines = 1000;

    [Fact]
    public async Task Processes_that_write_in_one_conversation_keep_their_order_and_are_committed_as_one()
    {
        await using var served = await ServedDatabase.StartAsync();
        await served.DoAsync("create table demo_lines (position bigint generated always as identity, author text, number int)");
        await using var session = new SessionFactory(await served.ConnectAsync(), "shop").Open();
        await session.ExecuteAsync($"insert into demo_lines (author, number) values ('owner', 1)");

        await Task.WhenAll(Enumerable.Range(0, Guests).Select(guest => WriteAsync(session, served, $"guest {guest}")));

        Assert.Equal(0, await served.AskAsync<long>("select count(*) from demo_lines"));
        await session.CommitAsync();
        Assert.Equal(1, await served.AskAsync<long>("select count(distinct xmin::text) from demo_lines"));
        for (var guest = 0; guest < Guests; guest++)
        {
            Assert.Equal(Enumerable.Range(1, Lines),
                await served.AskAsync<int[]>($"select array_agg(number order by position) from demo_lines where author = 'guest {guest}'"));
        }
        Assert.True(await served.AskAsync<bool>(Mixed), "the processes wrote one after the other");
    }

    // Each wrote something before another had written all of its own.
    private const string Mixed = """
        select bool_and(a.first < b.last) from
        (select author, min(position) first from demo_lines where author <> 'owner' group by author) a,
        (select author, max(position) last from demo_lines where author <> 'owner' group by author) b
        where a.author <> b.author
        """;

    private static async Task WriteAsync(Session session, ServedDatabase served, string author)
    {
        using var guest = await DemoGuest.StartAsync(served.Address, ServedDatabase.Options, "shop", session.Id, author, Lines);
        // The client says nothing of its own on an application's console.
        Assert.Equal(DemoGuest.Joined, (await guest.StandardOutput.ReadToEndAsync()).Trim());
        await guest.WaitForExitAsync();
        Assert.Equal(0, guest.ExitCode);
    }
}
