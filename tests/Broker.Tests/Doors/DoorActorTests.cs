using System.Net;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.TestKit.Xunit2;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote;
using Broker.Client.Remote.Links;
using Broker.Client.Remote.Transport;
using Broker.Client.Sending;
using Broker.Configuration;
using Broker.Doors;
using Broker.Gateway.Access;
using Broker.Tests.Platforms;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>The door without a network.</summary>
public sealed class DoorActorTests() : TestKit(ConfigurationFactory.ParseString(Patience.Hocon + $"{RemoteSystems.Dispatcher} {{\n{RemoteSettingsText.Turns}\n}}\nakka.loglevel = OFF"))
{
    private static readonly BrokerSettings Settings = BrokerSettings.Parse("""
        broker.databases.orders.connection-string = "Host=nowhere;Username=ann;Password=secret"
        """);

    private static readonly Hello Hello = new Knock(new() { User = "ann", Password = "secret" }, "broker", ClientId.Draw()).Hello();

    [Fact]
    public void A_client_whose_actor_fails_as_it_is_let_in_is_told_at_once()
    {
        Open().Tell(new DoorActor.Proven(Hello, ProtocolVersion.Current, new("ann", IPAddress.Loopback, null), Failing<Admitted>(), default, 0));

        Assert.IsType<BrokerStopping>(ExpectMsg<Refused>().Failure);
    }

    [Fact]
    public void A_client_whose_login_fails_unforeseen_is_told_at_once()
    {
        Open().Tell(Hello, Failing<Challenged>());

        Assert.IsType<BrokerStopping>(ExpectMsg<Refused>().Failure);
    }

    [Fact]
    public void A_client_that_loses_its_right_to_a_database_that_is_gone_from_the_settings_is_ended()
    {
        const string Shop = "broker.databases.shop.connection-string = \"Host=nowhere;Username=ann;Password=secret\"\n";
        const string Orders = "broker.databases.orders.connection-string = \"Host=nowhere;Username=ann;Password=secret\"\n";
        var door = Open(AccessOf(BrokerSettings.Parse(Orders + Shop + "broker.gateway.hba = [\"host orders ann all scram-sha-256\"]")));
        door.Tell(new DoorActor.Proven(Hello, ProtocolVersion.Current, new("ann", IPAddress.Loopback, null), TestActor, default, 0));
        ExpectMsg<Admitted>();

        // What it has of the database goes on.
        door.Tell(new DoorActor.AccessChanged(AccessOf(BrokerSettings.Parse(Shop + "broker.gateway.hba = [\"host orders ann all scram-sha-256\"]"))));
        door.Tell(new DoorActor.AccessChanged(AccessOf(BrokerSettings.Parse(Shop + "broker.gateway.hba = [\"host orders bob all scram-sha-256\"]"))));

        Assert.Equal("28000", Assert.IsType<ClientRefused>(FishForMessage<Refused>(static _ => true).Failure).SqlState);
    }

    private static DoorAccess AccessOf(BrokerSettings settings) => new(
        GatewayDoor.Load(settings.Gateway, UserList.Of(settings.Databases.Values), GatewayDoor.NewSecret()), settings.Databases, settings.Door.Admins);

    private IActorRef Open() => Open(AccessOf(Settings));

    private IActorRef Open(DoorAccess access)
    {
        return new DoorPlan
        {
            Settings = Settings.Door,
            Broker = TestActor,
            Peers = new PeerDirectory(),
            Time = TimeProvider.System,
            Refusals = new(Logging.GetLogger(Sys, "door"), TimeProvider.System),
        }.OpenIn(Sys, access);
    }

    private FailingAt<T> Failing<T>() => new(ReplyHome.Of(Sys), TestActor);

    /// <summary>A client's end of the link that has whoever tells it one thing fail.</summary>
    private sealed class FailingAt<T>(ReplyHome home, IActorRef other) : ClientRef(home)
    {
        protected override void TellInternal(object message, IActorRef sender)
        {
            if (message is T)
            {
                throw new InvalidOperationException("it cannot be told");
            }
            other.Tell(message, sender);
        }
    }
}
