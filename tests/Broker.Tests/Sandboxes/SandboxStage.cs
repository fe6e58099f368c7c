using Broker.Client;
using Broker.Client.Protocol.Values;
using Broker.Client.Sandboxes;
using Broker.Client.Sessions;
using Broker.Tests.Sessions.Handles;

namespace Broker.Tests.Sandboxes;

/// <summary>A sandbox of an embedded broker on a real server.</summary>
public abstract class SandboxStage : HandleStage
{
    private protected Sandbox Sandbox { get; private set; } = null!;

    /// <summary>The broker as the code under test sees it.</summary>
    private protected BrokerClient Inside => Sandbox.Broker;

    private protected SessionFactory InsideSessions { get; private set; } = null!;

    private protected override string Settings => "broker.pool { acquire-timeout = 20s }";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await OpenAsync();
    }

    public override async Task DisposeAsync()
    {
        await Sandbox.DisposeAsync();
        await base.DisposeAsync();
    }

    private protected async Task OpenAsync(Isolation isolation = Isolation.ReadCommitted)
    {
        Sandbox = await Broker.OpenSandboxAsync(isolation);
        InsideSessions = new(Inside, "shop");
    }

    private protected async Task AddAsync(string name, BrokerClient? broker = null) =>
        await (broker ?? Inside).ExecuteAsync("shop", $"insert into tags (name) values ({name})");

    /// <summary>Names as they are seen in the sandbox.</summary>
    private protected async Task<string> NamesAsync(BrokerClient? broker = null) =>
        string.Join(' ', await (broker ?? Inside).QueryAsync<string>("shop", new Statement("select name from tags order by name")));

    /// <summary>Waits until the pool has all connections back.</summary>
    private protected async Task UntilNobodyHoldsAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await Broker.GetStatusAsync("shop", limit.Token)).Lent > 0)
        {
            await Task.Yield();
        }
    }
}
