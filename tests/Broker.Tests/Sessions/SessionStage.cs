using System.Collections.Immutable;
using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Configuration;
using Broker.Hosting;
using Broker.Postgres;
using Broker.Tests.Settlement;
using Npgsql;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Sessions;

/// <summary>A broker in an actor system of its own with one database of a real server, and handles that speak to conversations by messages.</summary>
public abstract class SessionStage : TestKit, IAsyncLifetime
{
    protected SessionStage() : base("akka { loglevel = ERROR, stdout-loglevel = OFF, log-dead-letters = off, test.single-expect-default = 20s }")
    {
    }

    private protected BrokerClient Broker { get; private set; } = null!;

    private protected string Database { get; private set; } = "";

    /// <summary>The database past the broker.</summary>
    private protected NpgsqlConnection Sql { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Database = await SharedPostgres.CreateDatabaseAsync();
        Sql = await Settlement.Sql.OpenAsync(Database);
        await Sql.RunAsync("create table effects (id int primary key, note text)");
    }

    public async Task DisposeAsync()
    {
        await Sys.Terminate();
        await Sql.DisposeAsync();
    }

    private protected void Start(string sessions = "", string pool = "size = 2, overflow = 0", string more = "", string? server = null) => Broker = Sys.StartBroker(
        BrokerSettings.Parse($"broker.databases.orders {{ connection-string = \"{server ?? Database}\" }}\nbroker.pool {{\n{pool}\n}}\nbroker.sessions {{\n{sessions}\n}}\n{more}"));

    private protected ActorSelection Supervisor => Sys.ActorSelection("/user/broker");

    private protected async Task<Handle> OpenAsync(ConversationTerms? terms = null)
    {
        var handle = new Handle(this, SessionId.Draw());
        Supervisor.Tell(new OpenSession(handle.Session, handle.Id, "orders", null, terms ?? ConversationTerms.Default) { Watched = handle.Life }, handle.Probe.Ref);
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

    private protected async Task<long> CountAsync(string where = "true") => (long)(await Sql.ScalarAsync($"select count(*) from effects where {where}"))!;

    private protected static StatementStep Insert(int id) => new("public.effects", Statement.Of("insert into effects values ($1, $2)", id, "x"));

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

    private protected async Task<ISessionReply> OutcomeAsync(GetCommitOutcome ask)
    {
        var asker = CreateTestProbe();
        Supervisor.Tell(ask, asker.Ref);
        return (await asker.ExpectMsgAsync<CommitOutcome>()).Reply;
    }

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

    internal Task<T> RefusedAsync<T>(string text, params object?[] values) where T : Failure => RefusedAsync<T>(new Execute(Statement.Of(text, values)));

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
