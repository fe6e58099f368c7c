using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Platforms;

namespace Broker.Client.Tests;

/// <summary>A client whose broker is a script: the test receives what the pool "orders" is sent, and answers it.</summary>
public abstract class ScriptedBroker : TestKit
{
    internal static readonly PoolId Orders = new("orders", "app");

    protected ScriptedBroker() : base(Patience.Hocon)
    {
        Pool = CreateTestProbe("pool");
        Supervisor = Sys.ActorOf(Props.Create(() => new Directory(Pool.Ref)), "broker");
        Client = new BrokerClient(Supervisor, Sys);
    }

    protected BrokerClient Client { get; }

    protected TestProbe Pool { get; }

    protected IActorRef Supervisor { get; }

    protected static CancellationToken None => CancellationToken.None;

    internal static Column<T> Column<T>(string name, string type, params T[] values) where T : notnull =>
        new(new ColumnDescription(name, type, 0), values, null, values.Length);

    internal static RowSet Rows(params Column[] columns) => new([.. columns], columns[0].Count);

    internal static ErrandCompleted Selected(params Column[] columns) => new("SELECT", -1, Rows(columns));

    internal static ErrandCompleted Changed(long rows) => new("UPDATE", rows, RowSet.Empty);

    protected async Task<RunErrand> NextErrand() => await Pool.ExpectMsgAsync<RunErrand>();

    internal static async Task<TFailure> FailsWith<TFailure>(Func<Task> act) where TFailure : Failure =>
        Assert.IsType<TFailure>((await Assert.ThrowsAsync<BrokerException>(act)).Failure);

    private sealed class Directory : ReceiveActor
    {
        private int _asked;

        public Directory(IActorRef pool)
        {
            Receive<FindPool>(find =>
            {
                _asked++;
                Sender.Tell(find.Database == "orders"
                    ? new PoolFound(new(find.Database, find.User ?? "app"), pool)
                    : new Refused(new UnknownDatabase(find.Database, find.User, "orders")));
            });
            Receive<string>(_ => Sender.Tell(_asked));
        }
    }
}
