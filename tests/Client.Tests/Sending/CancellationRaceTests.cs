using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Tests.Sending;

public sealed class CancellationRaceTests : ScriptedBroker
{
    [Fact]
    public async Task However_answers_and_cancellations_meet_every_call_ends_in_exactly_one_of_them()
    {
        var pool = Sys.ActorOf(Props.Create(() => new Line()));
        var client = new BrokerClient(Sys.ActorOf(Props.Create(() => new Finds(pool))), Sys);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8)
            .Select(caller => Task.Run(() => CallAndCancel(client, new Random(caller), 300))));
        Assert.Equal(8 * 300, outcomes.Sum(outcome => outcome.Answered + outcome.Cancelled));
        Assert.Equal(outcomes.Sum(outcome => outcome.Cancelled), await pool.Ask<int>("refused", TimeSpan.FromSeconds(5)));
    }

    private static async Task<(int Answered, int Cancelled)> CallAndCancel(BrokerClient client, Random random, int calls)
    {
        var (answered, cancelled) = (0, 0);
        for (var i = 0; i < calls; i++)
        {
            using var caller = new CancellationTokenSource();
            var call = client.ExecuteAsync("orders", $"update t set a = {i}", caller.Token);
            if (random.Next(2) == 0)
                await caller.CancelAsync();
            try
            {
                Assert.Equal(1, await call);
                answered++;
            }
            catch (OperationCanceledException thrown) when (thrown.CancellationToken == caller.Token)
            {
                cancelled++;
            }
        }

        return (answered, cancelled);
    }

    /// <summary>Answers an errand when the next message comes, so that a cancel may find it in line.</summary>
    private sealed class Line : UntypedActor
    {
        private readonly Dictionary<ErrandId, IActorRef> _waiting = [];
        private int _refused;

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case RunErrand errand:
                    _waiting.Add(errand.Id, Sender);
                    Self.Tell(errand.Id);
                    break;
                case CancelErrand cancel when _waiting.Remove(cancel.Id, out var caller):
                    _refused++;
                    caller.Tell(new Refused(new Cancelled("in line")));
                    break;
                case ErrandId id when _waiting.Remove(id, out var caller):
                    caller.Tell(Changed(1));
                    break;
                case "refused":
                    Sender.Tell(_refused);
                    break;
            }
        }
    }

    private sealed class Finds : ReceiveActor
    {
        public Finds(IActorRef pool) => Receive<FindPool>(_ => Sender.Tell(new PoolFound(Orders, pool)));
    }
}
