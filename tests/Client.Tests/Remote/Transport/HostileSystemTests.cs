using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Broker.Client.Remote;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Tests.Remote.Transport;

/// <summary>Whole actor systems that mean ill: one speaks our transport and sends what it likes, one is as Akka.Remote comes.</summary>
public sealed class HostileSystemTests : Wires
{
    public static TheoryData<string, string> Attempts
    {
        get
        {
            var attempts = new TheoryData<string, string>();
            foreach (var what in new[] { "kill", "poison", "identify", "text", "number", "json", "bytes", "watch" })
            {
                attempts.Add(what, "/user/door");
                attempts.Add(what, "/user/other");
            }

            attempts.Add("said", "/user/other");
            attempts.Add("said", "/user");
            attempts.Add("said", "/system/log1-TestEventListener");
            attempts.Add("selection", "/user/door");
            return attempts;
        }
    }

    [Theory]
    [MemberData(nameof(Attempts))]
    public async Task Nothing_that_it_sends_reaches_an_actor_and_its_connection_is_closed(string what, string path)
    {
        var end = new ConnectingEnd([Door.BoundTo!], null, AnyFormat);
        var system = Kept(RemoteSystems.Connect("client-evil", end, Quiet));
        var target = RemoteSystems.Resolve(system, path);
        var caller = new Caller(system);

        switch (what)
        {
            case "watch":
                system.ActorOf(Props.Create(() => new Watching(target)));
                break;
            case "selection":
                system.ActorSelection(target.Path).Tell(new Said("select"), caller.Ref);
                break;
            default:
                target.Tell(Message(what), caller.Ref);
                break;
        }

        await end.Ended;
        await Warnings.Next("closed the connection");
        await AssertStillAnswers();
        Assert.Equal(new Said("still there?"), await AtDoor.Next());
        Assert.True(AtOther.IsEmpty);
        Assert.True(caller.Heard.IsEmpty);
    }

    [Fact]
    public async Task A_system_with_the_transport_that_Akka_has_is_not_let_in()
    {
        var hostile = Kept(ActorSystem.Create("hostile", ConfigurationFactory.ParseString("""
            akka { actor.provider = remote, remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 } }
            """).WithFallback(Quiet)));
        var target = $"akka.tcp://broker@127.0.0.1:{Door.BoundTo!.Port}/user/door";

        hostile.ActorSelection(target).Tell(Kill.Instance);

        await Warnings.Next("another protocol");
        await AssertStillAnswers();
    }

    private static object Message(string what) => what switch
    {
        "kill" => Kill.Instance,
        "poison" => PoisonPill.Instance,
        "identify" => new Identify(1),
        "text" => "a text",
        "number" => 42,
        "json" => new Uri("http://localhost"),
        "bytes" => new byte[] { 1, 2, 3 },
        _ => new Said(what),
    };

    /// <summary>Has Akka's JSON back in its place.</summary>
    private static WireFormat AnyFormat { get; } =
        new(typeof(SaidSerializer), typeof(NewtonSoftJsonSerializer), SaidSerializer.Id, [], [typeof(Said)]);

    private sealed class Watching : UntypedActor
    {
        public Watching(IActorRef target) => Context.Watch(target);

        protected override void OnReceive(object message) => Unhandled(message);
    }
}
