using Akka.Actor;
using Akka.TestKit.Xunit2;
using Broker.Client.Protocol.Messages;
using Broker.Tests.Platforms;
using Xunit;

namespace Broker.Tests.Hosting;

/// <summary>That the specs here are run with it (<see cref="WayIn.System"/>), and what it does.</summary>
public sealed class LocalSerializerTests() : TestKit(Patience.Hocon + WayIn.System)
{
    [Fact]
    public void A_message_of_the_protocol_arrives_as_another_one()
    {
        var told = new PoolFound(new("orders", "app"), TestActor);
        TestActor.Tell(told);
        var heard = ExpectMsg<PoolFound>();
        Assert.NotSame(told, heard);
        Assert.Equal(told, heard);
    }

    [Fact]
    public void What_is_not_sent_stays_in_it()
    {
        var opens = new OpenSession(new(Guid.NewGuid()), new(7), "orders", null, new()) { Watched = TestActor, Login = "ann" };
        TestActor.Tell(new RunInSession(opens.Session, opens.Handle, 1, 0, default, new Rollback()) { Opens = opens });
        var heard = ExpectMsg<RunInSession>().Opens!;
        Assert.NotSame(opens, heard);
        Assert.Equal(opens, heard);
    }

    [Fact]
    public void A_message_of_the_brokers_own_actors_stays_the_object_that_it_is()
    {
        var told = new Told();
        TestActor.Tell(told);
        Assert.Same(told, ExpectMsg<Told>());
    }

    private sealed record Told;
}
