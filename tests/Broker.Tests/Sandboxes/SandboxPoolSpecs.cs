using Akka.Actor;
using Akka.TestKit.Xunit2;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Errands;
using Broker.Leases;
using Broker.Sandboxes;
using Broker.Settlement;
using Broker.Tests.Diagnostics;
using Broker.Tests.Platforms;
using Xunit;

namespace Broker.Tests.Sandboxes;

/// <summary>What a sandbox's pool does with what conversations and streams tell a pool, while the real one has lent it nothing.</summary>
public sealed class SandboxPoolSpecs : TestKit
{
    private static readonly PoolId Shop = new("shop", "me");
    private readonly Meters _meters = new();
    private readonly BrokerMeter _meter;
    private readonly IActorRef _pool;

    public SandboxPoolSpecs() : base(Patience.Hocon + "akka.loggers = [\"Akka.TestKit.TestEventListener, Akka.TestKit\"]")
    {
        _meter = new(_meters);
        var settings = BrokerSettings.Parse("broker.servers.main { }\nbroker.databases.shop { user = me }");
        var found = new PoolFound(Shop, CreateTestProbe("lender").Ref);
        _pool = Sys.ActorOf(SandboxPool.For(SandboxPlan.For(found, new OpenSandbox("a test", Isolation.ReadCommitted), settings,
            TimeProvider.System, _meter)));
    }

    [Fact]
    public void A_commit_that_waits_for_its_turn_is_withdrawn()
    {
        var (holder, commit) = (CreateTestProbe(), CreateTestProbe());
        _pool.Tell(new AcquireConnection(new(1, 1), null, null, "a conversation", "", [], Watched: true), holder.Ref);
        _pool.Tell(new RunErrand(new(2, 1), new Statement("insert into tags values ('x')"), CallerContext.None,
            ErrandLimits.Default) { Unit = ErrandUnit.OfOne }, commit.Ref);
        _pool.Tell(new WithdrawErrand(new(2, 1)));

        Assert.IsType<Cancelled>(commit.ExpectMsg<Refused>().Failure);
        _pool.Tell(new WithdrawAcquire(new(1, 1)));
        Assert.IsType<Cancelled>(holder.ExpectMsg<Refused>().Failure);
    }

    [Fact]
    public void What_is_told_of_no_turn_is_heard_and_changes_nothing()
    {
        var unheard = CreateTestProbe();
        Sys.EventStream.Subscribe(unheard.Ref, typeof(Akka.Event.UnhandledMessage));
        object[] told =
        [
            new WithdrawErrand(new(1, 1)), new WithdrawAcquire(new(1, 1)), new CancelErrand(new(1, 1)),
            new InvalidateLease(new(1), Hard: true), new LeaseSeenBroken(new(1)),
            new DetachLease(new(1)), new ForgetLease(new(1)), LedgerPruner.KeyTaken.Instance, new StopListening("news"),
        ];
        foreach (var message in told)
        {
            _pool.Tell(message);
        }
        _pool.Tell("who are you?");

        Assert.Equal("who are you?", unheard.ExpectMsg<Akka.Event.UnhandledMessage>().Message);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _meter.Dispose();
        _meters.Dispose();
    }
}
