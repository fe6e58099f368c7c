using System.Collections.Immutable;
using Akka.Actor;
using Akka.TestKit;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Hosting;
using Broker.Tests.Settlement;
using Npgsql;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Sessions;

/// <summary>A broker with a table, and handles that speak to its conversations by messages.</summary>
public abstract class SessionStage : BrokerStage
{
    /// <summary>What a proxy needs that reads texts.</summary>
    private protected const string Unprepared = "broker.errands.statements-prepared = 0";

    /// <summary>The database past the broker.</summary>
    private protected NpgsqlConnection Sql { get; private set; } = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Sql = await Settlement.Sql.OpenAsync(Database);
        await Sql.RunAsync("create table effects (id int primary key, note text)");
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Sql.DisposeAsync();
    }

    private protected void Start(string sessions = "", string pool = "size = 2, overflow = 0", string more = "", string? server = null) =>
        StartBroker(pool, server, $"broker.sessions {{\n{sessions}\n}}\n{more}");

    /// <summary>Starts the broker behind a proxy, with one connection. The server process of that is answered.</summary>
    private protected async Task<int> StartBehindAsync(CuttingProxy proxy, string more = Unprepared)
    {
        Start(server: proxy.ConnectionString, pool: "size = 1, overflow = 0", more: more);
        var pid = await Broker.QuerySingleAsync<int>("orders", $"select pg_backend_pid()");
        // Whoever asked is answered before the trip has ended, and it is not that which is to be cut.
        await UntilAsync(static status => status is { Busy: 0, Idle: 1 });
        return pid;
    }

    /// <summary>
    /// Hears that a commit's outcome is unknown, with its process and no transaction id; that process ended without having committed.
    /// </summary>
    private protected async Task UnknownAsync(Handle handle, int pid)
    {
        var unknown = await handle.RefusalAsync<CommitUnknown>();
        Assert.Equal((0UL, pid), (unknown.TransactionId, unknown.BackendPid));
        Assert.IsType<CommitUnknown>((await handle.RefusedAsync<ConversationFailed>("select 1")).Cause);
        await handle.RollbackAsync();
        await Sql.UntilAsync($"count(*) = 0 from pg_stat_activity where pid = {pid}");
        Assert.Equal(0, await CountAsync());
    }

    private protected ActorSelection Supervisor => Sys.ActorSelection("/user/broker");

    private protected async Task<Handle> OpenAsync(ConversationTerms? terms = null)
    {
        var handle = new Handle(this, SessionId.Draw());
        Supervisor.Tell(new OpenSession(handle.Session, handle.Id, "orders", null,
            terms ?? ConversationTerms.Default) { Watched = handle.Life }, handle.Probe.Ref);
        handle.Took(await handle.Probe.ExpectMsgAsync<SessionOpened>());
        return handle;
    }

    private protected async Task<Handle> JoinAsync(Handle other)
    {
        var handle = new Handle(this, other.Session);
        Supervisor.Tell(new JoinSession(other.Session, handle.Id) { Watched = handle.Life }, handle.Probe.Ref);
        handle.Took(await handle.Probe.ExpectMsgAsync<SessionOpened>());
        return handle;
    }

    private protected async Task<long> CountAsync(string where = "true") =>
        (long)(await Sql.ScalarAsync($"select count(*) from effects where {where}"))!;

    private protected static StatementStep Insert(int id) =>
        new("public.effects", Statement.Of("insert into effects values ($1, $2)", id, "x"));

    private protected async Task<ISessionReply> OutcomeAsync(GetCommitOutcome ask)
    {
        var asker = CreateTestProbe();
        Supervisor.Tell(ask, asker.Ref);
        return (await asker.ExpectMsgAsync<CommitOutcome>()).Reply;
    }

    /// <summary>From now on a COMMIT of effects waits, until the lock 7 is let go.</summary>
    private protected async Task HeldAtCommitAsync()
    {
        await Sql.RunAsync("""
            create function held() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock_shared(7); return null; end';
            create constraint trigger held after insert on effects deferrable initially deferred for each row execute function held()
            """);
        await Sql.RunAsync("select pg_advisory_lock(7)");
    }

    /// <summary>Waits until a conversation that has been left has ended: a question that meets its end is not answered.</summary>
    private protected Task UntilEndedAsync(Handle handle) => AwaitAssertAsync(
        async () => await Assert.ThrowsAsync<ActorNotFoundException>(() => Sys.ActorSelection($"/user/broker/sessions/{handle.Session}")
            .ResolveOne(TimeSpan.FromSeconds(1))),
        TimeSpan.FromSeconds(20));

    private protected Task UntilQuietAsync() => UntilAsync(status => status is { Lent: 0, Waiting: 0, Opening: 0 });
}

/// <summary>One handle of a conversation, without anything that the real one does by itself.</summary>
internal sealed class Handle
{
    internal Handle(SessionStage stage, SessionId session)
    {
        (Session, Id, Probe) = (session, HandleId.Draw(), stage.CreateTestProbe());
        Life = stage.Sys.ActorOf(Props.Create(() => new Still()));
    }

    internal SessionId Session { get; }

    internal HandleId Id { get; }

    /// <summary>What hears the answers.</summary>
    internal TestProbe Probe { get; }

    /// <summary>What dies when the handle does.</summary>
    internal IActorRef Life { get; }

    internal IActorRef Actor { get; private set; } = ActorRefs.Nobody;

    internal long Sequence { get; set; }

    internal long Acknowledged { get; set; }

    internal Epoch Epoch { get; set; }

    /// <summary>The last answer.</summary>
    internal SessionAnswer Answer { get; private set; } = null!;

    internal void Took(SessionOpened opened) => (Actor, Epoch) = (opened.Actor, opened.Epoch);

    /// <summary>Opens the conversation with its first command.</summary>
    internal void Open(ICanTell supervisor, ISessionCommand first) => supervisor.Tell(
        new RunInSession(Session, Id, ++Sequence, 0, Epoch, first) { Opens = new(Session, Id, "orders", null, ConversationTerms.Default) },
            Probe.Ref);

    /// <summary>Sends the next command.</summary>
    internal long Send(ISessionCommand command)
    {
        Actor.Tell(new RunInSession(Session, Id, ++Sequence, Acknowledged, Epoch, command), Probe.Ref);
        return Sequence;
    }

    internal void Send(string text, params object?[] values) => Send(new Execute(Statement.Of(text, values)));

    /// <summary>Waits for the next answer, and learns its epoch.</summary>
    internal async Task<T> HearAsync<T>() where T : ISessionReply
    {
        Answer = await Probe.ExpectMsgAsync<SessionAnswer>();
        Epoch = Answer.Epoch;
        Actor = Probe.LastSender.IsNobody() ? Actor : Probe.LastSender;
        return Assert.IsType<T>(Answer.Reply);
    }

    internal async Task<T> RefusalAsync<T>() where T : Failure
    {
        var failure = (await HearAsync<CommandRefused>()).Failure;
        Assert.True(failure is T, $"{failure}");
        return (T)failure;
    }

    internal async Task<T> RunAsync<T>(ISessionCommand command) where T : ISessionReply
    {
        Send(command);
        return await HearAsync<T>();
    }

    internal Task<Executed> RunAsync(string text, params object?[] values) => RunAsync<Executed>(new Execute(Statement.Of(text, values)));

    internal async Task<T> RefusedAsync<T>(ISessionCommand command) where T : Failure
    {
        Send(command);
        return await RefusalAsync<T>();
    }

    internal Task<T> RefusedAsync<T>(string text, params object?[] values) where T : Failure =>
        RefusedAsync<T>(new Execute(Statement.Of(text, values)));

    internal async Task<object?> AskAsync(string text) => (await RunAsync(text)).Rows.Columns[0].GetValue(0);

    internal Task<Committed> CommitAsync(params ImmutableArray<FlushStep> steps) => RunAsync<Committed>(new Commit(steps));

    internal Task<RolledBack> RollbackAsync() => RunAsync<RolledBack>(Rollback.Instance);

    internal async Task LeaveAsync()
    {
        Actor.Tell(new LeaveSession(Session, Id) { Acknowledged = Acknowledged }, Probe.Ref);
        await Probe.ExpectMsgAsync<SessionLeft>();
    }

    private sealed class Still : UntypedActor
    {
        protected override void OnReceive(object message) => Unhandled(message);
    }
}
