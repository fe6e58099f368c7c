using Akka.Actor;
using Akka.TestKit;
using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Leases;
using Broker.Tests.Hosting;
using Npgsql;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Streams;

/// <summary>
/// Streams of a broker. Unless told otherwise its pool has one connection, so that whatever a stream leaves behind meets who comes next.
/// </summary>
public abstract class StreamStage : BrokerStage
{
    private long _requests;

    private protected void Start(string pool = "size = 1, overflow = 0", string stream = "", string? server = null, string shutdown = "") =>
        StartBroker(pool, server, $"broker.errands.stream {{\n{stream}\n}}\nbroker.shutdown {{\n{shutdown}\n}}");

    /// <summary>Sends the request as the test's own actor would, and returns its answer and the stream.</summary>
    private protected async Task<(ErrandId Id, IActorRef Stream)> OpenAsync(StreamSource source, TestProbe? caller = null)
    {
        var id = new ErrandId(7, ++_requests);
        (await PoolAsync()).Tell(new OpenStream(id, source, CallerContext.None, ErrandLimits.Default), caller?.Ref ?? TestActor);
        var opened = await (caller is null ? ExpectMsgAsync<StreamOpened>() : caller.ExpectMsgAsync<StreamOpened>());
        return (id, opened.Stream);
    }

    /// <summary>The pool, for actors of its own process.</summary>
    private protected async Task<IActorRef> PoolAsync() => (await Home.Sender.Pools.FindAsync("orders", null)).Supervisor;

    /// <summary>
    /// The server process of the pool's connection, proven to be at rest. A lease, because an errand has a reserve to go to while a stream
    /// is ending.
    /// </summary>
    private protected async Task<int> PidAsync()
    {
        await using var lease = await Home.LeaseAsync("orders");
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
}
