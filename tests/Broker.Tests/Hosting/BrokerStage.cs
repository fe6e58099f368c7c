using Akka.TestKit.Xunit2;
using Broker.Client;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Hosting;
using Broker.Postgres;
using Xunit;

namespace Broker.Tests.Hosting;

/// <summary>A broker in the test's own actor system, with one database of a real server.</summary>
public abstract class BrokerStage : TestKit, IAsyncLifetime
{
    protected BrokerStage() : base("akka { loglevel = ERROR, stdout-loglevel = OFF, log-dead-letters = off, test.single-expect-default = 20s }")
    {
    }

    private protected BrokerClient Broker { get; private set; } = null!;

    private protected string Database { get; private set; } = "";

    public virtual async Task InitializeAsync() => Database = await SharedPostgres.CreateDatabaseAsync();

    public virtual async Task DisposeAsync() => await Sys.Terminate();

    /// <summary>Starts the broker.</summary>
    /// <param name="pool">Keys of `broker.pool`.</param>
    /// <param name="server">The database; null for the test's own without a detour.</param>
    /// <param name="more">Other keys, from the root.</param>
    private protected void StartBroker(string pool, string? server, string more) => Broker = Sys.StartBroker(
        BrokerSettings.Parse($"broker.databases.orders {{ connection-string = \"{server ?? Database}\" }}\nbroker.pool {{\n{pool}\n}}\n{more}"));

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
