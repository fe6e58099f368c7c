using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Remote.Links;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>A broker with a door, and peers of it that say and leave out what their test wants.</summary>
public abstract class RawStage : RemoteStage
{
    /// <summary>The broker's supervisor. Behind it a client is given who answers it first, and then the pool that it asked for.</summary>
    private protected const long Supervisor = 1;
    private protected const long Pool = 3;
    private long _errands;

    /// <summary>A peer that says nothing of itself while its test is slow is not to be taken for dead.</summary>
    private protected override string Manners => "silence-limit = 60s";

    private protected RunErrand Errand(string text) => new(new(99, ++_errands), new Statement(text), CallerContext.None, ErrandLimits.Default);

    private protected async Task<RawClient> LoggedInAsync(string user = "ann", string password = "secret", string? address = null)
    {
        var client = new RawClient(address ?? Address);
        Assert.IsType<Admitted>(await client.LoginAsync(user, password));
        return client;
    }

    private protected static async Task FindPoolAsync(RawClient client)
    {
        client.Ask(Supervisor, 1, new FindPool("orders", null));
        Assert.IsType<PoolFound>(Assert.Single(await AnswersAsync(client, 1)));
    }

    private protected static async Task<IReadOnlyList<object>> AnswersAsync(RawClient client, int count)
    {
        var answers = new List<object>();
        while (answers.Count < count)
        {
            answers.AddRange(RawClient.Items(await client.HearAsync<LinkFrame>()).Where(item => item.Kind == LinkCodec.Kind.Answer).Select(item => item.Message!));
        }
        Assert.Equal(count, answers.Count);
        return answers;
    }

    /// <summary>The broker has given the client up: one of its name is new.</summary>
    private protected async Task AssertGoneAsync(RawClient client)
    {
        // Behind all that it has sent: another one of its name would have the rest of that ignored.
        client.Tell(client.Door, new Knock(Options, "broker", ClientId.Draw()).Hello());
        await client.HearAsync<Challenged>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            await using var again = new RawClient(Address);
            if (Assert.IsType<Admitted>(await again.LoginAsync(resumes: client.Id)).Resumed)
            {
                Assert.False(limit.IsCancellationRequested, "it is still there");
                continue;
            }
            again.Tell(again.Gate, Goodbye.Instance);
            return;
        }
    }

    private protected async Task AssertWholeAsync()
    {
        await using var good = await Client.BrokerClient.ConnectAsync(Address, Options);
        await UntilAsync(static status => status is { Lent: 0, Waiting: 0, WaitingErrands: 0, Busy: 0 });
        Assert.Equal(2, await good.QuerySingleAsync<int>("orders", $"select 1 + 1"));
    }
}
