using Akka.Actor;
using Akka.Event;
using Broker.Client.Remote.Transport;
using Microsoft.Extensions.Time.Testing;

namespace Broker.Client.Tests.Remote.Transport;

/// <summary>What strangers can have logged of themselves.</summary>
public sealed class RefusalLogTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly ActorSystem _system = ActorSystem.Create("log", "akka { loggers = [], stdout-loglevel = OFF, loglevel = WARNING }");
    private readonly List<string> _said = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _system.Terminate();

    [Fact]
    public void Who_is_refused_often_is_told_of_a_few_times_in_a_while_and_then_how_often()
    {
        var log = Log();

        for (var time = 0; time < 300; time++)
        {
            log.LoginRefused("nobody", "its password is not right");
        }
        Assert.Equal(20, _said.Count);
        _time.Advance(TimeSpan.FromSeconds(11));
        log.LoginRefused("ann", "its password is not right");

        Assert.Equal(["Refused 280 more than were told of", "User \"ann\" is refused at the door: its password is not right"], _said[20..]);
    }

    [Fact]
    public void A_name_is_told_in_one_line_as_what_it_is()
    {
        var log = Log();

        log.LoginRefused("no\nbody\r\t\0", "it is nobody");
        log.LoginRefused("evil\u202e\u2028\u0085\ud800", "it is nobody");
        log.LoginRefused("J\u00fcrgen \u674e", "it is nobody");

        Assert.Equal(["no?body???", "evil????", "J\u00fcrgen \u674e"], _said.Select(static said => said.Split('"')[1]));
    }

    [Fact]
    public void What_is_long_is_cut()
    {
        Log().Refused(null, new('x', 100_000));

        Assert.Equal($"Closed the connection of : {new string('x', FitForLog.Most)}...", Assert.Single(_said));
    }

    private RefusalLog Log()
    {
        _system.EventStream.Subscribe(new Ear(_system, _said), typeof(Warning));
        return new(Logging.GetLogger(_system, "door"), _time);
    }

    /// <summary>Hears in the thread that logs.</summary>
    private sealed class Ear(ActorSystem system, List<string> said) : MinimalActorRef
    {
        public override ActorPath Path { get; } = ((ExtendedActorSystem)system).Provider.TempPath();

        public override IActorRefProvider Provider => ((ExtendedActorSystem)system).Provider;

        protected override void TellInternal(object message, IActorRef sender) => said.Add(((Warning)message).Message.ToString()!);
    }
}
