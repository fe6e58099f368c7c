using Akka.TestKit;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Configuration;
using Broker.Connections;
using Broker.Diagnostics;
using Broker.Leases;
using Broker.Sessions;
using Broker.Tests.Diagnostics;
using Npgsql;

namespace Broker.Tests.Sessions;

/// <summary>A conversation whose pool and connections' owners are the test, and whose connections are real.</summary>
public abstract class LentStage : SessionStage
{
    private static readonly PoolId Pool = new("orders", "app");
    private readonly Meters _meters = new();
    private BrokerMeter? _meter;
    private long _leases;

    /// <summary>What stands in for the pool.</summary>
    private protected TestProbe Lender { get; private set; } = null!;

    private protected async Task<Handle> BeginAsync(string sessions = "")
    {
        _meter = new(_meters);
        Lender = CreateTestProbe();
        var settings =
            BrokerSettings.Parse($"broker.databases.orders {{ connection-string = \"{Database}\" }}\nbroker.sessions {{\n{sessions}\n}}");
        var plan = SessionPlan.For(Pool with { User = settings.Databases["orders"].User }, Lender.Ref, settings, TimeProvider.System,
            new(_meter, Pool));
        var handle = new Handle(this, SessionId.Draw());
        var registry = CreateTestProbe();
        var actor = registry.ChildActorOf(SessionActor.For(plan,
            new(handle.Session, plan.Pool, handle.Id, ConversationTerms.Default, plan.Limits)));
        actor.Tell(new OpenSession(handle.Session, handle.Id, "orders", null, ConversationTerms.Default), handle.Probe.Ref);
        handle.Took(await handle.Probe.ExpectMsgAsync<SessionOpened>());
        return handle;
    }

    /// <summary>Lends what the conversation asks for.</summary>
    private protected async Task<LentByTest> LendAsync(Handle handle, string? server = null)
    {
        await Lender.FishForMessageAsync(static message => message is AcquireConnection);
        return await GiveAsync(handle, server);
    }

    /// <summary>Lends a connection to whatever was asked before.</summary>
    private protected async Task<LentByTest> GiveAsync(Handle handle, string? server = null)
    {
        var wrapper = await Settlement.Sql.OpenAsync(server ?? Database);
        var lent = new LentByTest(new(++_leases), wrapper, CreateTestProbe());
        var backend = new BackendIdentity(wrapper.ProcessID, DateTime.UnixEpoch, DateTime.UnixEpoch, 1, "", 0);
        handle.Actor.Tell(new ConnectionLent(Pool, lent.Lease, wrapper, lent.Owner.Ref, backend) { Connection = new(_leases) }, Lender.Ref);
        return lent;
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _meter?.Dispose();
        _meters.Dispose();
    }
}

/// <summary>A connection that a test has lent.</summary>
internal sealed record LentByTest(LeaseId Lease, NpgsqlConnection Wrapper, TestProbe Owner);
