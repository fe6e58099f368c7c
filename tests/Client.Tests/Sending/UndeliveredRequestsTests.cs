using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Tests.Sending;

public sealed class UndeliveredRequestsTests : ScriptedBroker
{
    [Fact]
    public async Task A_statement_for_a_dead_pool_is_refused_at_once()
    {
        await FoundOnce();
        await StopPool();
        var failure = await FailsWith<BrokerStopping>(async () => await Client.ExecuteAsync("orders", $"select 1"));
        Assert.Contains("pool", failure.Where, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_statement_still_in_the_mailbox_of_a_pool_that_dies_is_refused()
    {
        var deaf = Sys.ActorOf(Props.Create(() => new Deaf()));
        var broker = Sys.ActorOf(Props.Create(() => new Finds(deaf)));
        var client = new BrokerClient(broker, Sys);
        var first = client.ExecuteAsync("orders", "select 1").AsTask();
        var second = client.ExecuteAsync("orders", "select 2").AsTask();
        deaf.Tell(PoisonPill.Instance);
        var third = client.ExecuteAsync("orders", "select 3").AsTask();
        await FailsWith<BrokerStopping>(() => third.WaitAsync(TimeSpan.FromSeconds(5)));
        Assert.False(first.IsCompleted && second.IsCompleted && third.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_pool_that_is_gone_is_asked_for_again()
    {
        await FoundOnce();
        await StopPool();
        await FailsWith<BrokerStopping>(async () => await Client.ExecuteAsync("orders", $"select 1"));
        await FailsWith<BrokerStopping>(async () => await Client.ExecuteAsync("orders", $"select 1"));
        Assert.Equal(2, await Supervisor.Ask<int>("asked", TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_dead_broker_is_a_refusal_and_not_an_endless_wait()
    {
        Watch(Supervisor);
        Sys.Stop(Supervisor);
        await ExpectTerminatedAsync(Supervisor);
        await FailsWith<BrokerStopping>(async () => await Client.GetStatusAsync("orders"));
    }

    [Fact]
    public async Task When_the_actor_system_has_terminated_calls_fail_at_once()
    {
        await FoundOnce();
        await Sys.Terminate();
        await FailsWith<BrokerStopping>(async () => await Client.ExecuteAsync("orders", $"select 1"));
        await FailsWith<BrokerStopping>(async () => await Client.GetStatusAsync("other"));
    }

    private async Task FoundOnce()
    {
        var running = Client.ExecuteAsync("orders", "select 1");
        await NextErrand();
        Pool.Reply(Changed(1));
        await running;
    }

    private async Task StopPool()
    {
        Watch(Pool.Ref);
        Sys.Stop(Pool.Ref);
        await ExpectTerminatedAsync(Pool.Ref);
    }

    private sealed class Deaf : UntypedActor
    {
        protected override void OnReceive(object message) { }
    }

    private sealed class Finds : ReceiveActor
    {
        public Finds(IActorRef pool) => Receive<FindPool>(_ => Sender.Tell(new PoolFound(Orders, pool)));
    }
}
