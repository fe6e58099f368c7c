using Broker.Client;
using Broker.Client.Remote;
using Broker.Hosting;
using Broker.Tests.Hosting;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Doors;

/// <summary>A broker with a door on this machine, and clients that come in through it.</summary>
public abstract class RemoteStage : BrokerStage
{
    /// <summary>Who may come in.</summary>
    private protected const string Users = "\"ann\" \"secret\"\n\"bob\" \"other\"\n";
    private const string Pools = "size = 4, overflow = 0";
    private readonly List<BrokerClient> _clients = [];
    private readonly string _users = Path.GetTempFileName();

    private string _door = "";

    /// <summary>Settings of the door that go before those of a test.</summary>
    private protected virtual string Manners => "";

    /// <summary>Where the door is.</summary>
    private protected string Address { get; private set; } = "";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await File.WriteAllTextAsync(_users, Users);
    }

    public override async Task DisposeAsync()
    {
        foreach (var client in _clients)
            await client.DisposeAsync();
        await base.DisposeAsync();
        File.Delete(_users);
    }

    /// <summary>Starts the broker and opens its door.</summary>
    private protected async Task StartAsync(string door = "", string more = "", string pool = Pools, string? server = null)
    {
        _door = $"broker.gateway.auth-file = \"{_users}\"\nbroker.door {{\nlisten = \"tcp://127.0.0.1:{Gateway.Door.DoorStage.FreePort()}\"\n{Manners}\n{door}\n}}\n";
        StartBroker(pool, server, _door + more);
        Address = (await BrokerHosting.DoorAsync(Sys, await Sys.ActorSelection("/user/broker").ResolveOne(TimeSpan.FromSeconds(10))))!;
    }

    /// <summary>Has the broker read its users anew, and rules behind them.</summary>
    private protected async Task ReloadAsync(string users = Users, string more = "")
    {
        await File.WriteAllTextAsync(_users, users);
        await ReloadBrokerAsync(Pools, null, _door + more);
    }

    private protected static RemoteOptions Options => new() { User = "ann", Password = "secret" };

    private protected async Task<BrokerClient> ConnectAsync(RemoteOptions? options = null, string? address = null)
    {
        var client = await BrokerClient.ConnectAsync(address ?? Address, options ?? Options);
        _clients.Add(client);
        return client;
    }

    private protected static async Task<T> FailureOfAsync<T>(Func<Task> work) where T : Failure =>
        Assert.IsType<T>((await Assert.ThrowsAsync<BrokerException>(work)).Failure);
}
