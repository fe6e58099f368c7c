using Akka.TestKit.Xunit2;
using Broker.Client;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Hosting;
using Broker.Postgres;
using Broker.Tests.Platforms;
using Xunit;

namespace Broker.Tests.Hosting;

/// <summary>A broker in the test's own actor system, with one database of a real server.</summary>
public abstract class BrokerStage : TestKit, IAsyncLifetime
{
    // a system that ends runs no drain: conversations that a test leaves open would be waited for
    protected BrokerStage() : base(WayIn.System + Patience.Hocon + """
        akka { loglevel = ERROR, stdout-loglevel = OFF, log-dead-letters = off }
        akka.coordinated-shutdown.run-by-actor-system-terminate = off
        akka.coordinated-shutdown.phases.service-requests-done.timeout = 1h
        """)
    {
    }

    /// <summary>As the tests' callers have it.</summary>
    private protected BrokerClient Broker { get; private set; } = null!;

    /// <summary>A client in the broker's own process.</summary>
    private protected BrokerClient Home { get; private set; } = null!;

    private protected string Database { get; private set; } = "";

    public virtual async Task InitializeAsync() => Database = await SharedPostgres.CreateDatabaseAsync();

    public virtual async Task DisposeAsync()
    {
        if (Broker is not null)
            await Broker.DisposeAsync();
        await Sys.Terminate();
        await SharedPostgres.ReturnDatabaseAsync(Database);
    }

    /// <summary>Starts the broker.</summary>
    /// <param name="pool">Keys of `broker.pool`.</param>
    /// <param name="server">The database; null for the test's own without a detour.</param>
    /// <param name="more">Other keys, from the root.</param>
    private protected void StartBroker(string pool, string? server, string more)
    {
        var settings = SettingsOf(pool, server, more);
        Home = Sys.StartBroker(settings);
        Broker = WayIn.Client(Home, settings);
    }

    /// <summary>Has the broker read settings anew, of the same three parts.</summary>
    private protected async Task ReloadBrokerAsync(string pool, string? server, string more) =>
        await Sys.ReloadBrokerAsync(SettingsOf(pool, server, more));

    private BrokerSettings SettingsOf(string pool, string? server, string more) =>
        WayIn.Settings($"broker.databases.orders {{ connection-string = \"{server ?? Database}\" }}\nbroker.pool {{\n{pool}\n}}\n{more}");

    /// <summary>Waits until the pool is so. What tests wait for happens on its own; only the moment is not theirs.</summary>
    private protected async Task<PoolStatus> UntilAsync(Func<PoolStatus, bool> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var status = await Broker.GetStatusAsync("orders");
            if (isSo(status))
            {
                return status;
            }
            Assert.False(limit.IsCancellationRequested, $"it never came to it: {status}");
            await Task.Delay(5);
        }
    }
}
