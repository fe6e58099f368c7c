using Akka.Actor;
using Akka.Event;
using Akka.TestKit.Xunit2;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Protocol.Values;
using Broker.Client.Remote.Frames;
using Broker.Client.Remote.Links;
using Broker.Client.Sending;
using Broker.Tests.Platforms;

namespace Broker.Client.Tests.Remote.Links;

/// <summary>What callers are told when a broker has forgotten their client, in the moment in which their pool is asked for again.</summary>
public sealed class LinkTrafficTests : TestKit
{
    private static readonly PoolId Orders = new("orders", "app");
    private static readonly BrokerUnreachable Unreachable = new("akka.tcp://broker@there:1", TimeSpan.FromSeconds(30), "silence");
    private readonly ReplyHome _home;
    private readonly LinkTraffic _traffic;
    private FrameLink _broker = NewFrames();

    public LinkTrafficTests() : base(Patience.Hocon)
    {
        _home = ReplyHome.Of(Sys);
        _traffic = new(ActorRefs.Nobody, _home, NewFrames);
        _traffic.Opened();
    }

    [Fact]
    public async Task A_write_that_was_sent_before_is_unknown_when_the_way_is_lost_again_before_its_pool_is_found()
    {
        var pool = await FindPoolAsync();
        var write = Ask(pool, Write());
        Forgotten();

        _traffic.Closed();
        _traffic.GiveUp(Unreachable);

        await FailsAsync<OutcomeUnknown>(write);
    }

    [Fact]
    public async Task A_write_that_was_sent_before_is_unknown_when_its_pool_is_not_found_again()
    {
        var pool = await FindPoolAsync();
        var write = Ask(pool, Write());
        Forgotten();

        Answer(caller: 3, new Refused(new UnknownDatabase("orders", "app", null)));

        Assert.Equal(Orders, (await FailsAsync<OutcomeUnknown>(write)).Pool);
    }

    [Fact]
    public async Task A_write_that_was_sent_before_is_unknown_when_the_broker_takes_no_more_requests()
    {
        var pool = await FindPoolAsync();
        var write = Ask(pool, Write());
        Forgotten();
        Answer(caller: 3, new PoolFound(Orders, TestActor));

        Answer(caller: 4, new Refused(new TooManyRequests(10, "broker.door.max-requests")));

        await FailsAsync<OutcomeUnknown>(write);
    }

    [Fact]
    public async Task A_write_that_was_sent_before_is_unknown_when_the_broker_takes_smaller_requests_now()
    {
        var pool = await FindPoolAsync();
        var write = Ask(pool, Write(new string(' ', FrameSizes.Piece)));
        Forgotten();
        _traffic.Frames.Largest = FrameSizes.Piece;

        Answer(caller: 3, new PoolFound(Orders, TestActor));

        await FailsAsync<OutcomeUnknown>(write);
    }

    [Fact]
    public async Task A_write_that_was_never_sent_is_known_not_to_have_run()
    {
        var pool = await FindPoolAsync();
        _traffic.Closed();
        var write = Ask(pool, Write());

        _traffic.GiveUp(Unreachable);

        await FailsAsync<BrokerUnreachable>(write);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_copy_is_unknown_only_when_its_end_may_have_been_sent(bool openAtItsEnd, bool openAgain)
    {
        var pool = (RemoteRef)await FindPoolAsync();
        var id = new ErrandId(1, 1);
        var copy = new Replies(_home, Unreachable);
        _traffic.Send(new(pool, new OpenStream(id, new CopyIn(new("copy effects from stdin")), CallerContext.None, ErrandLimits.Default)), copy);
        Answer(caller: 2, new StreamOpened(id, TestActor));
        var stream = (RemoteRef)((StreamOpened)await copy.NextAsync(CancellationToken.None)).Stream;

        if (!openAtItsEnd)
            _traffic.Closed();
        _traffic.Send(new(stream, new FinishCopy(id)), copy);
        if (openAgain)
            _traffic.Opened();
        Forgotten();

        var failure = (await Assert.ThrowsAsync<BrokerException>(async () => await copy.NextAsync(CancellationToken.None))).Failure;
        Assert.IsType(openAtItsEnd || openAgain ? typeof(OutcomeUnknown) : typeof(ConnectionLost), failure);
    }

    [Fact]
    public async Task A_pool_that_is_not_found_again_is_a_dead_letters_so_that_it_is_looked_up_anew()
    {
        var letters = CreateTestProbe();
        Sys.EventStream.Subscribe(letters, typeof(DeadLetter));
        UndeliveredRequests.AnswerFor(Sys, _home, new(Sys, static _ => Task.FromResult<IActorRef>(ActorRefs.Nobody), _home));
        var pool = await FindPoolAsync();
        Forgotten();
        Answer(caller: 2, new Refused(new UnknownDatabase("orders", "app", null)));

        var read = Ask(pool, Write());

        Assert.Same(pool, letters.ExpectMsg<DeadLetter>().Recipient);
        await FailsAsync<BrokerStopping>(read);
    }

    private static FrameLink NewFrames() => new(long.MaxValue, TimeSpan.FromSeconds(1), TimeSpan.Zero);

    private static RunErrand Write(string behind = "") =>
        new(new(1, 1), new Statement("insert into effects values (1)" + behind), CallerContext.None, ErrandLimits.Default);

    private void Forgotten()
    {
        _traffic.Closed();
        _traffic.StartAnew();
        _traffic.Opened();
        _broker = NewFrames();
    }

    private Reply<object> Ask(IActorRef to, IBrokerRequest request)
    {
        var reply = new Reply<object>(_home, static answer => answer);
        _traffic.Send(new((RemoteRef)to, request), reply);
        return reply;
    }

    private void Answer(long caller, object answer)
    {
        using var codec = new LinkCodec(new OnePool());
        _broker.Add(LaneKey.OfCaller(caller), codec.Answer(caller, 0, answer, out _));
        _broker.Flush(TimeSpan.Zero, frame => _traffic.Take(frame, TimeSpan.Zero));
    }

    private async Task<IActorRef> FindPoolAsync()
    {
        var found = Ask(_traffic.Broker, new FindPool("orders"));
        Answer(caller: 1, new PoolFound(Orders, TestActor));
        return ((PoolFound)await found.Answer).Supervisor;
    }

    private static async Task<T> FailsAsync<T>(Reply<object> reply) where T : Failure =>
        Assert.IsType<T>((await Assert.ThrowsAsync<BrokerException>(async () => await reply.Answer.AsTask().WaitAsync(TimeSpan.FromSeconds(5)))).Failure);

    protected override void AfterAll()
    {
        _traffic.Dispose();
        base.AfterAll();
    }

    private sealed class OnePool : IReferenceTable
    {
        public long NumberOf(IActorRef reference) => 2;

        public IActorRef Find(long number) => ActorRefs.Nobody;
    }
}
