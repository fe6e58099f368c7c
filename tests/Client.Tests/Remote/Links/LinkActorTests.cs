using Akka.Actor;
using Akka.TestKit.Xunit2;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Remote;
using Broker.Client.Remote.Links;
using Broker.Client.Sending;
using Broker.Tests.Platforms;

namespace Broker.Client.Tests.Remote.Links;

/// <summary>A link's actor that fails. What it knew is lost with it, so nobody may go on waiting for it.</summary>
public sealed class LinkActorTests() : TestKit(Patience.Hocon)
{
    [Fact]
    public void Who_waits_for_the_broker_is_refused_when_the_actor_fails()
    {
        var link = Link();
        link.Tell(new LinkMessages.Open(TimeSpan.FromMinutes(10)), TestActor);

        Fail(link);

        Assert.Contains("failed", Assert.IsType<BrokerUnreachable>(ExpectMsg<Refused>().Failure).Cause, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_waits_for_an_answer_is_refused_when_the_actor_fails()
    {
        var link = Link();
        link.Tell(new LinkMessages.Send(new RemoteRef(link, new LinkLoad(), ReplyHome.Of(Sys), RemoteReferences.BrokerNumber), new FindPool("orders")), TestActor);

        Fail(link);

        Assert.IsType<BrokerUnreachable>(ExpectMsg<Refused>().Failure);
    }

    [Fact]
    public void Whose_request_makes_the_actor_fail_is_refused()
    {
        Fail(Link(), TestActor);

        Assert.IsType<BrokerUnreachable>(ExpectMsg<Refused>().Failure);
    }

    private IActorRef Link() => Sys.ActorOf(LinkActor.For(
        RemoteAddress.Parse("akka.tcp://broker@127.0.0.1:1"), new() { User = "ann", Password = "secret" }, ReplyHome.Of(Sys), TimeProvider.System));

    // Nobody tells it such a thing.
    private static void Fail(IActorRef link, IActorRef? asker = null) => link.Tell(new LinkMessages.Send(null!, new FindPool("orders")), asker ?? ActorRefs.NoSender);
}
