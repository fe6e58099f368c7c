using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Sending;

namespace Broker.Client.Tests.Sending;

public sealed class ReplyTests : ScriptedBroker
{
    private ReplyHome Home => ReplyHome.Of(Sys);

    [Fact]
    public async Task The_first_answer_is_the_answer_and_later_ones_are_dropped()
    {
        var reply = new Reply<long>(Home, Answers.Affected);
        reply.Tell(Changed(1));
        reply.Tell(Changed(2));
        Assert.Equal(1, await reply.Answer);
    }

    [Fact]
    public async Task A_second_answer_is_handed_to_abandoned_once_so_that_what_it_carries_can_be_given_back()
    {
        var given = new List<object>();
        var reply = new Reply<object>(Home, static answer => answer, given.Add);
        reply.Tell("first");
        reply.Tell("second");
        Assert.Equal("first", await reply.Answer);
        Assert.Equal(["second"], given);
    }

    [Fact]
    public async Task After_the_wait_was_given_up_every_answer_is_abandoned()
    {
        var given = new List<object>();
        var reply = new Reply<object>(Home, static answer => answer, given.Add);
        Assert.True(reply.TryAbandon(new OperationCanceledException()));
        reply.Tell("late");
        Assert.Equal(["late"], given);
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await reply.Answer);
    }

    [Fact]
    public async Task An_answered_wait_cannot_be_given_up()
    {
        var reply = new Reply<object>(Home, static answer => answer);
        reply.Tell("first");
        Assert.False(reply.TryAbandon(new OperationCanceledException()));
        Assert.Equal("first", await reply.Answer);
    }

    [Fact]
    public async Task Of_many_that_answer_at_once_exactly_one_is_heard()
    {
        for (var round = 0; round < 50; round++)
        {
            var abandoned = 0;
            var reply = new Reply<object>(Home, static answer => answer, _ => Interlocked.Increment(ref abandoned));
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => reply.Tell(i))));
            Assert.InRange((int)await reply.Answer, 0, 7);
            Assert.Equal(7, abandoned);
        }
    }

    [Fact]
    public void Two_replies_are_different_keys_although_they_share_a_path()
    {
        var home = Home;
        IActorRef[] both = [new Reply<long>(home, Answers.Affected), new Reply<long>(home, Answers.Affected)];
        var (first, second) = (both[0], both[1]);
        Assert.Equal(first.Path, second.Path);
        Assert.False(first.Equals(second));
        Assert.Equal(2, new HashSet<IActorRef> { first, second }.Count);
        Assert.Equal(2, new HashSet<object> { first, second }.Count);
        Assert.Contains(first, new HashSet<IActorRef> { first });
    }

    [Fact]
    public async Task The_caller_does_not_run_inside_the_turn_of_the_actor_that_answers()
    {
        var reply = new Reply<long>(Home, Answers.Affected);
        var waiting = Waiting(reply);
        Answering = true;
        reply.Tell(Changed(1));
        Answering = false;
        Assert.False(await waiting);
    }

    [ThreadStatic]
    private static bool Answering;

    private static async Task<bool> Waiting(Reply<long> reply)
    {
        await reply.Answer;
        return Answering;
    }

    [Fact]
    public async Task Watching_a_reply_does_no_harm()
    {
        var watched = new TaskCompletionSource();
        var reply = new Reply<long>(Home, Answers.Affected);
        Sys.ActorOf(Props.Create(() => new Watcher(reply, watched)));
        await watched.Task.WaitAsync(TimeSpan.FromSeconds(5));
        reply.Tell(Changed(4));
        Assert.Equal(4, await reply.Answer);
    }

    [Fact]
    public async Task An_errand_allocates_no_more_than_its_messages_and_one_reply()
    {
        const int Rounds = 2_000;
        var pool = new Reply<object>(Home, static answer => answer); // swallows what it is told
        var sender = new StatementSender(Sys, _ => Task.FromResult(Supervisor));
        var client = new BrokerClient(new AnswersFindPool(Home, pool), Sys);
        for (var i = 0; i < 100; i++)
            _ = Errand(client, i);
        await client.Sender.Pools.FindAsync("orders", null);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
            _ = Errand(client, i);
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
        // RunErrand 80, Statement 32, Parameter<int> 24, the array of parameters 32, Reply 104
        Assert.InRange(each, 1, 272);

        static object? Errand(BrokerClient client, int i)
        {
#pragma warning disable CA2012 // never awaited: nobody answers
            _ = client.QuerySingleAsync<int>("orders", $"select abalance from pgbench_accounts where aid = {i}");
#pragma warning restore CA2012
            return null;
        }
    }

    private sealed class Watcher : UntypedActor
    {
        public Watcher(IActorRef watched, TaskCompletionSource done)
        {
            Context.Watch(watched);
            Context.Unwatch(watched);
            done.SetResult();
        }

        protected override void OnReceive(object message) { }
    }

    private sealed class AnswersFindPool(ReplyHome home, IActorRef pool) : ClientRef(home)
    {
        protected override void TellInternal(object message, IActorRef sender) => sender.Tell(new PoolFound(Orders, pool));
    }
}
