using Broker.Client;
using Broker.Client.Remote;
using Broker.Hosting;
using Broker.Postgres;
using Broker.Tests.Hosting;
using Broker.Tests.Settlement;
using Npgsql;
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
        _door = $"broker.gateway.auth-file = \"{_users}\"\nbroker.door {{\nlisten = \"tcp://127.0.0.1:{LoopbackPort.Free()}\"\n{Manners}\n{door}\n}}\n";
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

    /// <summary>Takes the lock 7, for which statements of a test wait until the connection is closed that this returns.</summary>
    private protected async Task<NpgsqlConnection> HoldAsync()
    {
        var holder = await Sql.OpenAsync(Database);
        await holder.RunAsync("select pg_advisory_lock(7)");
        return holder;
    }

    /// <summary>From now on a COMMIT of effects waits for the lock 7, which is taken.</summary>
    private protected async Task<NpgsqlConnection> HoldCommitsAsync()
    {
        var holder = await HoldAsync();
        await holder.RunAsync("""
            create function held() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock_shared(7); return null; end';
            create constraint trigger held after insert on effects deferrable initially deferred for each row execute function held()
            """);
        return holder;
    }

    /// <summary>Waits until a COMMIT does so.</summary>
    private protected static Task UntilCommitIsHeldAsync(NpgsqlConnection holder) =>
        holder.UntilAsync("count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event = 'advisory'");

    private protected static async Task<T> FailureOfAsync<T>(Func<Task> work) where T : Failure =>
        Assert.IsType<T>((await Assert.ThrowsAsync<BrokerException>(work)).Failure);
}
