using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.TestKit.Xunit2;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Doors;
using Broker.Gateway;
using Broker.Hosting;
using Broker.Postgres;
using Broker.Tests.Platforms;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>Users that are read anew while others are still being read: of files that say nothing until their test wants it.</summary>
public sealed class ReadingOrderTests() : TestKit(ConfigurationFactory.ParseString(Patience.Hocon + "akka.loglevel = INFO"))
{
    private const string Before = "\"ann\" \"secret\"\n";
    private const string After = "\"ann\" \"secret\"\n\"eve\" \"newer\"\n";
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Fact]
    public async Task What_was_read_earlier_and_comes_later_does_not_hold()
    {
        var door = Open(await FileAsync("start", Before));
        var older = await PipeAsync("older");
        door.Tell(new BrokerSupervisor.ReloadSettings(SettingsOf(older)));
        door.Tell(new BrokerSupervisor.ReloadSettings(SettingsOf(await FileAsync("newer", After))));
        await using var eve = await LoggedInAsync(await AddressAsync(door));
        Sys.EventStream.Subscribe(TestActor, typeof(Info));

        await SayAsync(older, Before);

        var passed = SaidAsync("came too late");
        var ended = eve.HearAsync<Refused>();
        Assert.Same(passed, await Task.WhenAny(passed, ended));
        await passed;
    }

    [Fact]
    public async Task What_is_read_while_the_door_is_being_opened_holds_when_it_is_open()
    {
        var (start, newer) = (await PipeAsync("start"), await PipeAsync("newer"));
        var door = Open(start);
        door.Tell(new BrokerSupervisor.ReloadSettings(SettingsOf(newer)));

        await SayAsync(newer, After);
        await SayAsync(start, Before);

        await using var eve = await LoggedInAsync(await AddressAsync(door));
    }

    [Fact]
    public async Task A_broker_that_stops_while_its_door_is_being_opened_lets_nobody_in()
    {
        var start = await PipeAsync("start");
        var door = Open(start);
        door.Tell(DoorActor.CloseDoor.Instance);

        await SayAsync(start, After);

        await using var eve = new RawClient(await AddressAsync(door));
        Assert.IsType<BrokerStopping>(Assert.IsType<Refused>(await eve.LoginAsync("eve", "newer")).Failure);
    }

    [Fact]
    public async Task What_the_gateway_read_earlier_and_comes_later_does_not_hold_either()
    {
        using var meter = new BrokerMeter(null);
        var start = SettingsOf(await FileAsync("start", Before));
        var gateway = Sys.ActorOf(GatewaySupervisor.For(start, TestActor, new(meter), TimeProvider.System));
        var older = await PipeAsync("older");
        Sys.EventStream.Subscribe(TestActor, typeof(Info));
        gateway.Tell(new BrokerSupervisor.ReloadSettings(SettingsOf(older)));
        gateway.Tell(new BrokerSupervisor.ReloadSettings(SettingsOf(await FileAsync("newer", After))));
        await SaidAsync("certificates anew");

        await SayAsync(older, Before);

        await SaidAsync("came too late");
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        Directory.Delete(_folder, recursive: true);
    }

    private IActorRef Open(string users) => Sys.ActorOf(DoorSupervisor.For(SettingsOf(users), TestActor, TimeProvider.System));

    // The users are not looked at before the door reads them.
    private static BrokerSettings SettingsOf(string users)
    {
        var settings = BrokerSettings.Parse($$"""
            broker.databases.orders.connection-string = "Host=nowhere;Username=ann;Password=secret"
            broker.door.listen = "tcp://127.0.0.1:{{LoopbackPort.Free()}}"
            """);
        return settings with { Gateway = settings.Gateway with { AuthFile = users } };
    }

    private Task<object> SaidAsync(string words) => FishForMessageAsync(
        said => said is Info info && info.Message.ToString()!.Contains(words, StringComparison.Ordinal), TimeSpan.FromSeconds(20)).AsTask();

    private async Task<string> AddressAsync(IActorRef door)
    {
        var asker = CreateTestProbe();
        door.Tell(BrokerSupervisor.GetDoor.Instance, asker);
        return (await asker.ExpectMsgAsync<DoorOpened>(TimeSpan.FromSeconds(20))).Address!;
    }

    private static async Task<RawClient> LoggedInAsync(string address)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var client = new RawClient(address);
            if (await client.LoginAsync("eve", "newer") is Admitted)
            {
                return client;
            }
            await client.DisposeAsync();
            Assert.False(limit.IsCancellationRequested, "eve is not let in");
        }
    }

    private async Task<string> FileAsync(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    private async Task<string> PipeAsync(string name)
    {
        var path = Path.Combine(_folder, name);
        using var made = Process.Start("mkfifo", path);
        await made.WaitForExitAsync();
        Assert.Equal(0, made.ExitCode);
        return path;
    }

    // Ends when somebody reads it.
    private static Task SayAsync(string pipe, string text) => Task.Run(async () =>
    {
        await using var writer = new FileStream(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        await writer.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
    });
}
