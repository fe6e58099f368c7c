using Akka.Actor;
using Xunit;

namespace Broker.Tests.Hosting;

/// <summary>What a broker leaves as it is of the actor system that it is started in, which others use too.</summary>
public sealed class HostSystemTests : BrokerStage
{
    [Fact]
    public async Task Starting_a_broker_makes_no_other_serializers()
    {
        var before = ((ExtendedActorSystem)Sys).Serialization;

        StartBroker("size = 1", server: null, more: "");
        Assert.Equal(1, await Broker.QuerySingleAsync<int>("orders", $"select 1"));

        // what is written by one at that moment would be read by another
        Assert.Same(before, ((ExtendedActorSystem)Sys).Serialization);
    }
}
