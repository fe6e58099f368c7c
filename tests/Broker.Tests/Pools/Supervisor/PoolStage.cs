using System.Collections.Immutable;
using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Broker.Budgets;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Configuration;
using Broker.Connections;
using Broker.Diagnostics;
using Broker.Errands;
using Broker.Leases;
using Broker.Pools;
using Broker.Statements;
using Broker.Tests.Diagnostics;
using Broker.Tests.Platforms;
using Broker.Tests.Statements;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broker.Tests.Pools.Supervisor;

/// <summary>
/// A pool's actor with a clock, a budget and connections that the test plays. The budget grants at once; connections tell the test what
/// they are told, under their own name, and say what the test has them say.
/// </summary>
public abstract class PoolStage : TestKit
{
    private readonly Meters _meters = new();
    private readonly BrokerMeter _meter;
    private readonly Dictionary<long, IActorRef> _connections = [];
    private long _requests;

    private protected static readonly PoolId Orders = new("orders", "app");

    private protected static PoolDefaults Defaults { get; } = new("read committed", false, false, "UTF8", true, false,
        TimeSpan.FromSeconds(1));

    private protected PoolStage() : base(Patience.Hocon + "akka.loggers = [\"Akka.TestKit.TestEventListener, Akka.TestKit\"]")
    {
        _meter = new BrokerMeter(_meters);
        Stage = CreateTestProbe("stage");
        Budget = Sys.ActorOf(Props.Create(() => new GrantingBudget(Stage.Ref)), "budget");
    }

    private protected FakeTimeProvider Time { get; } = new();

    /// <summary>Listens to what the pool measures.</summary>
    private protected Recorded Record() => new(_meters);

    /// <summary>Hears what connections are told, and what the budget is told beside asks.</summary>
    private protected TestProbe Stage { get; }

    private protected IActorRef Budget { get; }

    private protected IActorRef Pool { get; private set; } = ActorRefs.Nobody;

    /// <summary>A connection's actor was started.</summary>
    private protected sealed record Started(ConnectionId Connection, IActorRef Ref, bool First);

    /// <summary>A connection was told something.</summary>
    private protected sealed record Told(ConnectionId Connection, object Command);

    /// <summary>Something for the connection to tell its pool.</summary>
    private protected sealed record Say(object Message, bool ThenDie);

    private protected void StartPool(string settings = "", bool hasFirstConnect = false, string log = "") =>
        StartPool(PlanOf(settings, hasFirstConnect, log));

    private protected void StartPool(PoolPlan plan) => Pool = Sys.ActorOf(PoolSupervisor.For(plan));

    /// <summary>The plan of a pool with these settings.</summary>
    private protected PoolPlan PlanOf(string settings = "", bool hasFirstConnect = false, string log = "")
    {
        var broker = BrokerSettings.Parse($"broker.servers.main {{ }}\nbroker.databases.orders {{ user = app }}\nbroker.pool {{\n{settings}\n}}\nbroker.log {{\n{log}\n}}");
        var database = broker.Databases["orders"];
        var stage = Stage.Ref;
        return new PoolPlan
        {
            Pool = Orders,
            Settings = database.Users["app"].Pool,
            Packing = database.Packing,
            Errands = database.Errands,
            Weight = 1,
            MostTrips = database.Users["app"].Pool.Limit ?? 10,
            HoldersShown = 10,
            Budget = Budget,
            Log = broker.Log,
            Tracing = new TracingOptions(),
            Meter = _meter,
            Time = Time,
            Seed = 1,
            Connection = (id, first, pool) => Props.Create(() => new ScriptedConnection(id, first, pool, stage)),
            Listener = () => throw new InvalidOperationException("nobody listens here"),
            HasFirstConnect = hasFirstConnect,
            Settler = _ => throw new InvalidOperationException("nothing is settled here"),
            Links = new()
            {
                Pool = Orders, Server = broker.Servers["main"], Roles = new(TimeSpan.Zero, Time), Database = database,
                User = database.Users["app"], Gateway = broker.Gateway, Time = Time,
            },
        };
    }

    private protected ConnectionId ExpectStarted()
    {
        var started = Stage.ExpectMsg<Started>();
        _connections[started.Connection.Number] = started.Ref;
        return started.Connection;
    }

    private protected T ExpectTold<T>(ConnectionId connection)
    {
        var told = Stage.ExpectMsg<Told>();
        Assert.Equal(connection, told.Connection);
        return Assert.IsType<T>(told.Command);
    }

    private protected IActorRef RefOf(ConnectionId connection) => _connections[connection.Number];

    private protected void Tell(ConnectionId connection, IConnectionEvent happened, bool thenDie = false) =>
        RefOf(connection).Tell(new Say(happened, thenDie));

    private protected void Open(ConnectionId connection) =>
        Tell(connection, new ConnectionEvents.Opened(connection, PoolDriver.Backend(connection), Defaults));

    private protected ConnectionId ExpectOpened()
    {
        var connection = ExpectStarted();
        Open(connection);
        return connection;
    }

    private protected ErrandId Acquire(TestProbe borrower, bool watched = true, bool? queueing = null, ImmutableArray<LeaseId>? held = null)
    {
        var request = new ErrandId(1, ++_requests);
        Pool.Tell(new AcquireConnection(request, null, queueing, "Orders.Load (orders.cs:17)", "load orders", held ?? [], watched),
            borrower.Ref);
        return request;
    }

    private protected ConnectionCommands.Lend ExpectLent(ConnectionId connection, TestProbe borrower)
    {
        var lend = ExpectTold<ConnectionCommands.Lend>(connection);
        Assert.Equal(borrower.Ref, lend.Borrower);
        return lend;
    }

    private protected static T ExpectRefused<T>(TestProbe caller) => Assert.IsType<T>(caller.ExpectMsg<Refused>().Failure);

    private protected PoolStatus Status()
    {
        var asking = CreateTestProbe();
        Pool.Tell(GetPoolStatus.Instance, asking.Ref);
        return asking.ExpectMsg<PoolStatus>();
    }

    private protected RunErrand Errand(string text) =>
        new(new ErrandId(2, ++_requests), new Statement(text), CallerContext.None, ErrandLimits.Default);

    private protected static TripReport Report(Trip trip) => new(trip, TimeSpan.FromMilliseconds(1), TimeSpan.Zero, trip.Members.Length, [])
    {
        Learned = trip.Lesson is { } lesson ? new(lesson, BareCatalogue.AnswersTo(lesson.Questions)) : null,
    };

    protected override void AfterAll()
    {
        base.AfterAll();
        _meter.Dispose();
        _meters.Dispose();
    }

    private sealed class ScriptedConnection : UntypedActor
    {
        private readonly ConnectionId _id;
        private readonly IActorRef _pool;
        private readonly IActorRef _stage;

        public ScriptedConnection(ConnectionId id, bool first, IActorRef pool, IActorRef stage)
        {
            (_id, _pool, _stage) = (id, pool, stage);
            stage.Tell(new Started(id, Self, first));
        }

        protected override void OnReceive(object message)
        {
            if (message is Say say)
            {
                _pool.Tell(say.Message);
                if (say.ThenDie)
                {
                    Context.Stop(Self);
                }
            }
            else
            {
                _stage.Tell(new Told(_id, message));
            }
        }
    }

    private sealed class GrantingBudget(IActorRef stage) : UntypedActor
    {
        private long _permits;

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case BudgetCommands.AskPermit ask:
                    for (var i = 0; i < ask.Wanted; i++)
                    {
                        ask.Pool.Tell(new BudgetEvents.PermitGranted(new PermitId(++_permits), ask.Reserve));
                    }

                    break;
                case BudgetCommands.ReleaseGhost or BudgetCommands.LeaveBudget:
                    stage.Tell(message);
                    break;
            }
        }
    }
}
