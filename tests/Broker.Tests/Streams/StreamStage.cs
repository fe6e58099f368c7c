using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Configuration;
using Broker.Hosting;
using Broker.Leases;
using Broker.Postgres;
using Npgsql;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Streams;

/// <summary>A broker in an actor system of its own, with one database of a real server. Unless told otherwise its pool has one connection, so that whatever a stream leaves behind meets who comes next.</summary>
public abstract class StreamStage : TestKit, IAsyncLifetime
{
    private long _requests;

    protected StreamStage() : base("akka { loglevel = ERROR, stdout-loglevel = OFF, log-dead-letters = off }")
    {
    }

    protected BrokerClient Broker { get; private set; } = null!;

    protected string Database { get; private set; } = "";

    public async Task InitializeAsync() => Database = await SharedPostgres.CreateDatabaseAsync();

    public async Task DisposeAsync() => await Sys.Terminate();

    protected void Start(string pool = "size = 1, overflow = 0", string stream = "", string? server = null, string shutdown = "") => Broker = Sys.StartBroker(BrokerSettings.Parse(
        $"broker.databases.orders {{ connection-string = \"{server ?? Database}\" }}\nbroker.pool {{\n{pool}\n}}\nbroker.errands.stream {{\n{stream}\n}}\nbroker.shutdown {{\n{shutdown}\n}}"));

    /// <summary>Sends the request as the test's own actor would, and returns its answer and the stream.</summary>
    private protected async Task<(ErrandId Id, IActorRef Stream)> OpenAsync(StreamSource source, TestProbe? caller = null)
    {
        var id = new ErrandId(7, ++_requests);
        (await PoolAsync()).Tell(new OpenStream(id, source, CallerContext.None, ErrandLimits.Default), caller?.Ref ?? TestActor);
        var opened = await (caller is null ? ExpectMsgAsync<StreamOpened>() : caller.ExpectMsgAsync<StreamOpened>());
        return (id, opened.Stream);
    }

    private protected async Task<IActorRef> PoolAsync() => (await Broker.Sender.Pools.FindAsync("orders", null)).Supervisor;

    /// <summary>The server process of the pool's connection, proven to be at rest. A lease, because an errand has a reserve to go to while a stream is ending.</summary>
    private protected async Task<int> PidAsync()
    {
        await using var lease = await Broker.LeaseAsync("orders");
        await using var proof = new NpgsqlCommand("select 7 from pg_sleep(0.001)", lease.Connection);
        Assert.Equal(7, await proof.ExecuteScalarAsync());
        return lease.BackendPid;
    }

    private protected async Task RunAsync(string text) => await Broker.ExecuteAsync("orders", new Statement(text));

    private protected async Task<T> AskAsync<T>(string text) => await Broker.QuerySingleAsync<T>("orders", new Statement(text));

    private protected IAsyncEnumerable<T> Stream<T>(string text, CancellationToken cancellation = default) =>
        Broker.StreamAsync<T>("orders", new Statement(text), cancellation);

    private protected static async Task<T> FailureOfAsync<T>(Func<Task> work) where T : Failure =>
        Assert.IsType<T>((await Assert.ThrowsAsync<BrokerException>(work)).Failure);

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
