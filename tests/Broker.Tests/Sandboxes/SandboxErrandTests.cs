using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Errands;
using Broker.Leases;
using Broker.Tests.Hosting;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sandboxes;

/// <summary>Single statements in a sandbox, and what cannot be in one.</summary>
public sealed class SandboxErrandTests : SandboxStage
{
    private protected override string Settings => "broker.pool { acquire-timeout = 20s }\nbroker.errands.ledger.table = \"broker_ledger\"";

    [Fact]
    public async Task A_statement_that_fails_leaves_those_before_it()
    {
        await AddAsync("one");
        Assert.Equal("23505", (await RefusedAsync<StatementFailed>(() => AddAsync("one"))).SqlState);
        await AddAsync("two");

        Assert.Equal("one two", await NamesAsync());
    }

    [Fact]
    public async Task A_statement_answers_what_it_answers_outside()
    {
        Assert.Equal(2, await Inside.ExecuteAsync("shop", $"insert into tags values ('a', 1), ('b', 2)"));
        Assert.Equal(-1, await Inside.ExecuteAsync("shop", $"select 1"));
        Assert.Equal(("a", 1), await Inside.QuerySingleAsync<(string, int)>("shop", $"select name, weight from tags where weight = {1}"));
    }

    [Fact]
    public async Task All_statements_of_a_unit_are_kept_or_none()
    {
        ImmutableArray<Statement> good = [new("insert into tags (name) values ('x')"),
            new("insert into tags (name) values ('y') returning name")];
        var answer = await UnitAsync(good);
        Assert.Equal((1, "INSERT", 1), (answer.Affected, answer.More[0].Verb, answer.More[0].Rows.Count));
        var failed = await RefusedAsync<StatementFailed>(() => UnitAsync([new("insert into tags (name) values ('z')"), good[0]]));

        Assert.Equal(1, failed.Statement);
        Assert.Equal("x y", await NamesAsync());
    }

    [Fact]
    public async Task A_key_is_spent_once_and_only_within()
    {
        var keyed = Inside.WithIdempotencyKey("once");
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(1, await keyed.ExecuteAsync("shop", $"insert into tags (name) values ('keyed')"));
        }
        await RefusedAsync<KeyReused>(async () => await keyed.ExecuteAsync("shop", $"insert into tags (name) values ('other')"));
        await Sandbox.DisposeAsync();

        Assert.Equal(1, await Broker.WithIdempotencyKey("once").ExecuteAsync("shop", $"insert into tags (name) values ('outside')"));
        Assert.Equal("outside", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task Errands_and_sessions_take_turns()
    {
        await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            if (i % 2 == 0)
            {
                await AddAsync($"errand {i}");
                return;
            }
            await using var session = InsideSessions.Open();
            await session.ExecuteAsync($"insert into tags (name) values ({"session " + i})");
            await session.ExecuteAsync($"update tags set weight = weight + 1 where name = {"session " + i}");
            await session.CommitAsync();
        }));

        Assert.Equal(30, await Inside.QuerySingleAsync<long>("shop", $"select count(*) from tags"));
    }

    [Fact]
    public async Task Who_waits_for_its_own_session_is_told_so_and_the_session_goes_on()
    {
        await using var session = InsideSessions.Open();
        await session.ExecuteAsync($"insert into tags (name) values ('held')");
        var busy =
            await RefusedAsync<SandboxBusy>(() => AddAsync("waits", Inside.With(new ErrandLimits(Wait: TimeSpan.FromMilliseconds(50)))));
        Assert.Contains($"which conversation {session.Id} has had for", busy.Message, StringComparison.Ordinal);
        await session.CommitAsync();
        await AddAsync("later");

        Assert.Equal("held later", await NamesAsync());
    }

    [Fact]
    public async Task A_session_may_track_entities_while_it_has_the_turn()
    {
        await using var session = InsideSessions.Open();
        await session.ExecuteAsync($"insert into tags (name) values ('begun')");
        session.Add(new Tests.Sessions.Handles.Item { Name = "cup" });
        session.AddRange([new Tests.Sessions.Handles.Item { Name = "mug" }, new Tests.Sessions.Handles.Item { Name = "jug" }]);
        await session.CommitAsync();

        Assert.Equal(3, await Inside.QuerySingleAsync<long>("shop", $"select count(*) from items"));
    }

    [Fact]
    public async Task A_statement_is_cancelled_while_it_runs_and_while_it_waits()
    {
        using var cancel = new CancellationTokenSource();
        var running = Inside.ExecuteAsync("shop", $"select pg_sleep(60)", cancel.Token).AsTask();
        while (await AskAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()") == 0)
        {
            await Task.Yield();
        }
        var waiting = Inside.ExecuteAsync("shop", $"select 1", cancel.Token).AsTask();
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await AddAsync("after");
        Assert.Equal("after", await NamesAsync());
    }

    [Fact]
    public async Task What_runs_is_not_withdrawn_and_hears_its_true_outcome()
    {
        await using var holder = await Server.OpenConnectionAsync();
        await holder.RunAsync("select pg_advisory_lock(7)");
        var (pool, errand,
            reply) = await StartAsync([new("select pg_advisory_xact_lock(7)"), new("insert into tags (name) values ('kept')")]);
        while (await AskAsync<long>(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'advisory'") == 0)
        {
            await Task.Yield();
        }
        pool.Tell(new WithdrawErrand(errand), ActorRefs.NoSender);
        // It is answered behind that.
        await Inside.GetStatusAsync("shop");
        await holder.RunAsync("select pg_advisory_unlock(7)");

        Assert.Equal(1, (await reply).More[0].Affected);
        Assert.Equal("kept", await NamesAsync());
    }

    [AtHomeFact("leases are for the broker's own process")]
    public async Task A_lease_is_refused() => await RefusedAsync<SandboxRefused>(async () => await Inside.LeaseAsync("shop"));

    [Fact]
    public async Task What_cannot_be_in_a_transaction_is_refused()
    {
        await RefusedAsync<SandboxRefused>(async () => await Inside.ExecuteAsync("shop", $"vacuum tags"));
        await RefusedAsync<SandboxRefused>(async () => await Inside.ExecuteAsync("shop", $"create database never"));
        await RefusedAsync<SandboxRefused>(async () => await Inside.ListenAsync("shop", "news").GetAsyncEnumerator().MoveNextAsync());
        await RefusedAsync<SandboxRefused>(async () => await Inside.InvalidateAsync("shop"));
        await RefusedAsync<SandboxRefused>(async () => await Inside.OpenSandboxAsync());
        await RefusedAsync<StatementRefused>(async () => await Inside.ExecuteAsync("shop", $"commit"));
        await RefusedAsync<SandboxRefused>(async () => await Inside.ExecuteAsync("shop", $"do $$ begin commit; end $$"));
        await AddAsync("well");

        Assert.Equal("well", await NamesAsync());
        Assert.Equal("", await NamesAsync(Broker));
    }

    private async Task<ErrandCompleted> UnitAsync(ImmutableArray<Statement> statements) => await (await StartAsync(statements)).Answer;

    private async Task<(IActorRef Pool, ErrandId Errand, Task<ErrandCompleted> Answer)> StartAsync(ImmutableArray<Statement> statements)
    {
        var (sender, errand) = (Inside.Sender, Inside.Sender.NextId());
        var pool = (await sender.Pools.FindAsync("shop", null)).Supervisor;
        var reply = new Client.Sending.Reply<ErrandCompleted>(sender.Home, static answer => (ErrandCompleted)answer);
        pool.Tell(new RunErrand(errand, statements[0], CallerContext.None, ErrandLimits.Default) { Unit = new(statements.RemoveAt(0)) },
            reply);
        return (pool, errand, reply.Answer.AsTask());
    }
}
