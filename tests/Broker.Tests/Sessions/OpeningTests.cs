using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Sessions;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>
/// A broker that does not know a conversation's pool yet, as after each reload: what follows its first command waits with that.
/// </summary>
public sealed class OpeningTests : SessionStage
{
    private Handle _handle = null!;
    private IActorRef _sessions = ActorRefs.Nobody;
    private IInternalActorRef _pools = ActorRefs.Nobody;

    [Fact]
    public async Task Cancelling_the_first_command_withdraws_it()
    {
        await OpenAsync();
        Tell(new CancelInSession(_handle.Session, _handle.Id, 1));
        await FindAsync();

        await _handle.RefusalAsync<Cancelled>();
        await Broker.ResumeAsync("orders");
        await _handle.CommitAsync(Insert(2));
        Assert.Equal((0, 1), (await CountAsync("id = 1"), await CountAsync("id = 2")));
    }

    [Fact]
    public async Task An_owner_that_leaves_ends_it()
    {
        await OpenAsync();
        var leaver = CreateTestProbe();
        _sessions.Tell(new LeaveSession(_handle.Session, _handle.Id), leaver.Ref);
        await FindAsync();

        await _handle.RefusalAsync<Cancelled>();
        await leaver.ExpectMsgAsync<SessionLeft>();
        await Broker.ResumeAsync("orders");
        Tell(new RunInSession(_handle.Session, _handle.Id, 2, 0, default, new Commit([Insert(2)])));
        Assert.IsType<ConversationGone>((await _handle.Probe.ExpectMsgAsync<Refused>()).Failure);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task What_follows_comes_behind_it_in_its_order()
    {
        await OpenAsync();
        var guest = new Handle(this, _handle.Session);
        _sessions.Tell(new JoinSession(_handle.Session, guest.Id) { Watched = guest.Life }, guest.Probe.Ref);
        Tell(new NoteUnsent(_handle.Session, _handle.Id, 7));
        Tell(new GetCommitOutcome(_handle.Session, _handle.Id, 1) { Database = "orders" });
        Tell(new CancelInSession(_handle.Session, _handle.Id, 1));
        await FindAsync();

        guest.Took(await guest.Probe.ExpectMsgAsync<SessionOpened>());
        Assert.IsType<StillRunning>((await _handle.Probe.ExpectMsgAsync<CommitOutcome>()).Reply);
        await _handle.RefusalAsync<Cancelled>();
        await Broker.ResumeAsync("orders");
        Assert.Equal(new UnsentChanges(_handle.Id, 7), Assert.Single((await guest.CommitAsync()).Unsent));
    }

    [Fact]
    public async Task What_follows_one_that_is_refused_is_refused()
    {
        await OpenAsync("nowhere");
        var leaver = CreateTestProbe();
        _sessions.Tell(new LeaveSession(_handle.Session, _handle.Id), leaver.Ref);
        await FindAsync();

        Assert.IsType<UnknownDatabase>((await _handle.Probe.ExpectMsgAsync<Refused>()).Failure);
        Assert.IsType<ConversationGone>((await leaver.ExpectMsgAsync<Refused>()).Failure);
    }

    [Fact]
    public async Task Whoever_waits_is_told_when_those_that_look_for_the_pool_are_stopped()
    {
        await OpenAsync();
        var (leaver, asker) = (CreateTestProbe(), CreateTestProbe());
        _sessions.Tell(new LeaveSession(_handle.Session, _handle.Id), leaver.Ref);
        _sessions.Tell(new GetCommitOutcome(SessionId.Draw(), HandleId.Draw(), 1) { Database = "orders" }, asker.Ref);
        await UntilToldAsync();

        Sys.Stop(_sessions);

        Assert.IsType<BrokerStopping>((await _handle.Probe.ExpectMsgAsync<Refused>()).Failure);
        Assert.IsType<BrokerStopping>((await leaver.ExpectMsgAsync<Refused>()).Failure);
        Assert.IsType<BrokerStopping>((await asker.ExpectMsgAsync<Refused>()).Failure);
        _pools.Resume();
    }

    [Fact]
    public async Task None_is_opened_by_a_broker_that_stops_meanwhile()
    {
        await OpenAsync();
        var opener = CreateTestProbe();
        _sessions.Tell(new OpenSession(SessionId.Draw(), HandleId.Draw(), "orders", null, ConversationTerms.Default), opener.Ref);
        _sessions.Tell(SessionRegistry.StopSessions.Instance);
        await FindAsync();

        Assert.IsType<BrokerStopping>((await _handle.Probe.ExpectMsgAsync<Refused>()).Failure);
        Assert.IsType<BrokerStopping>((await opener.ExpectMsgAsync<Refused>()).Failure);
    }

    [Fact]
    public async Task What_is_found_for_a_directory_that_failed_is_nothing_to_the_one_that_follows_it()
    {
        await OpenAsync();
        var opener = CreateTestProbe();
        _sessions.Tell(new SessionRegistry.OutcomeKept(_handle.Session, new("orders", ""), Outcome: null!));
        _sessions.Tell(new OpenSession(SessionId.Draw(), HandleId.Draw(), "nowhere", null, ConversationTerms.Default), opener.Ref);
        await FindAsync();

        Assert.IsType<UnknownDatabase>((await opener.ExpectMsgAsync<Refused>()).Failure);
    }

    /// <summary>A first command whose pool is looked for until <see cref="FindAsync"/>, and is suspended.</summary>
    private async Task OpenAsync(string database = "orders")
    {
        Start();
        await Broker.SuspendAsync("orders");
        _sessions = await Sys.ActorSelection("/user/broker/sessions").ResolveOne(TimeSpan.FromSeconds(20));
        _pools = (IInternalActorRef)await Sys.ActorSelection("/user/broker/pools").ResolveOne(TimeSpan.FromSeconds(20));
        _pools.Suspend();
        _handle = new Handle(this, SessionId.Draw());
        Tell(new RunInSession(_handle.Session, _handle.Id, _handle.Sequence = 1, 0, default, new Commit([Insert(1)]))
            { Opens = new(_handle.Session, _handle.Id, database, null, new() { CommitRight = CommitRight.AnyHandle }) });
    }

    /// <summary>All that was told has come in; only then the pool is found.</summary>
    private async Task FindAsync()
    {
        await UntilToldAsync();
        _pools.Resume();
    }

    private async Task UntilToldAsync()
    {
        var asker = CreateTestProbe();
        _sessions.Tell(new Identify(1), asker.Ref);
        await asker.ExpectMsgAsync<ActorIdentity>();
    }

    private void Tell(object message) => _sessions.Tell(message, _handle.Probe.Ref);
}
