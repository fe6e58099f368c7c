using Akka.Actor;
using Broker.Gateway.Shares;
using Xunit;

namespace Broker.Tests.Gateway.Shares;

public sealed class LinkLineTests
{
    [Fact]
    public void Who_has_waited_elsewhere_before_stands_where_its_waiting_puts_it()
    {
        var line = new LinkLine();
        IActorRef[] clients = [Of("a"), Of("b"), Of("c"), Of("d")];
        line.Enter(clients[0], 10);
        line.Enter(clients[1], 20);
        line.Enter(clients[2], 15);
        line.Enter(clients[3], 5);
        line.Enter(clients[1], 1);

        Assert.Equal([clients[3], clients[0], clients[2], clients[1]],
            (IActorRef[])[.. Enumerable.Range(0, 4).Select(_ => line.TakeFirst().Client)]);
        Assert.Equal(0, line.Count);
    }

    private static Named Of(string name) => new(new RootActorPath(Address.AllSystems) / name);

    private sealed class Named(ActorPath path) : MinimalActorRef
    {
        public override ActorPath Path => path;

        public override IActorRefProvider Provider => throw new NotSupportedException();
    }
}
