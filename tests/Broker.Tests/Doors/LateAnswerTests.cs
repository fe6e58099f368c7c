using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>What is opened for a client in the moment in which it goes.</summary>
public sealed class LateAnswerTests : RawStage
{
    private const int Rounds = 100;

    [Fact]
    public async Task A_sandbox_that_is_opened_for_a_client_that_goes_is_closed()
    {
        await StartAsync();

        for (var round = 0; round < Rounds; round++)
        {
            await using var client = await LoggedInAsync();
            client.Ask(Supervisor, 1, new OpenSandbox("a client that goes", Isolation.ReadCommitted));
            client.Tell(client.Gate, Goodbye.Instance);
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        int left;
        while ((left = await SandboxesAsync()) > 0)
        {
            Assert.False(limit.IsCancellationRequested, $"{left} of {Rounds} sandboxes are left");
            await Task.Delay(100);
        }
    }

    private async Task<int> SandboxesAsync()
    {
        var probe = CreateTestProbe();
        Sys.ActorSelection("/user/broker/sandbox-*").Tell(new Identify(1), probe.Ref);
        var count = 0;
        while (await probe.ReceiveOneAsync(TimeSpan.FromMilliseconds(300)) is ActorIdentity { Subject: not null })
        {
            count++;
        }
        return count;
    }
}
