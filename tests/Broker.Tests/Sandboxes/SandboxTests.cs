using Broker.Client.Executing;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;
using Broker.Tests.Sessions.Handles;
using Xunit;

namespace Broker.Tests.Sandboxes;

/// <summary>What sessions, streams and the executor see of each other in a sandbox, and that nobody else sees anything.</summary>
public sealed class SandboxTests : SandboxStage
{
    [Fact]
    public async Task Nothing_remains_behind_it_and_nobody_outside_sees_it_before()
    {
        await AddAsync("errand");
        await using (var session = InsideSessions.Open())
        {
            session.Add(new Tag("session", 1));
            session.Add(new Item { Name = "cup" });
            await session.CommitAsync();
        }

        Assert.Equal("errand session", await NamesAsync());
        Assert.Equal("", await NamesAsync(Broker));
        await Sandbox.DisposeAsync();
        Assert.Equal("", await RowsAsync("tags", "name") + await RowsAsync("items", "name"));
    }

    [Fact]
    public async Task Its_connection_serves_others_again()
    {
        await AddAsync("one");
        await Sandbox.DisposeAsync();

        await UntilNobodyHoldsAsync();
        Assert.Equal(1, (await Broker.GetStatusAsync("shop")).Idle);
        Assert.Equal("read committed", await Broker.QuerySingleAsync<string>("shop", $"show transaction_isolation"));
        await AddAsync("two", Broker);
        Assert.Equal("two", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task Sessions_of_several_tasks_see_what_others_committed_and_not_what_they_rolled_back()
    {
        await using (var one = InsideSessions.Open())
        {
            one.Add(new Tag("kept", 1));
            await one.CommitAsync();
            one.Add(new Tag("undone", 1));
            await one.FlushAsync();
            await one.RollbackAsync();
        }
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            await using var session = InsideSessions.Open();
            Assert.Equal(1, (await session.GetOneAsync<Tag>("kept")).Weight);
            await session.ExecuteAsync($"update tags set weight = weight where name = 'kept'");
            session.Add(new Tag($"tag {i}", 1));
            await (i % 2 == 0 ? session.CommitAsync().AsTask() : session.RollbackAsync().AsTask());
        }));

        Assert.Equal("kept tag 0 tag 2 tag 4 tag 6 tag 8", await NamesAsync());
    }

    [Fact]
    public async Task A_failed_unit_of_work_does_not_harm_the_rest()
    {
        await AddAsync("first");
        await using var session = InsideSessions.Open();
        session.Add(new Item { Name = "good" });
        session.Add(new Item { Name = "bad", Price = -1 });
        await RefusedAsync<CheckViolated>(async () => await session.CommitAsync());
        await session.RollbackAsync();
        await RefusedAsync<StatementFailed>(() => AddAsync("first"));
        await AddAsync("second");

        Assert.Equal("first second", await NamesAsync());
        Assert.Empty(await Inside.QueryAsync<string>("shop", $"select name from items"));
    }

    [Fact]
    public async Task Two_sandboxes_do_not_see_each_other()
    {
        await using var other = await Broker.OpenSandboxAsync();
        await AddAsync("here");
        await AddAsync("there", other.Broker);

        Assert.Equal(("here", "there"), (await NamesAsync(), await NamesAsync(other.Broker)));
    }

    [Fact]
    public async Task The_executor_runs_each_unit_of_work_in_a_turn_of_its_own()
    {
        var executor = new SessionExecutor(InsideSessions, new() { Concurrency = 4 });
        await AddAsync("counter");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => executor.RunAsync(async session =>
        {
            var weight = (await session.QueryAsync<int>($"select weight from tags where name = 'counter'"))[0];
            await session.ExecuteAsync($"update tags set weight = {weight + 1} where name = 'counter'");
        })));

        Assert.Equal(20, await Inside.QuerySingleAsync<int>("shop", $"select weight from tags where name = 'counter'"));
    }

    [Fact]
    public async Task Streams_and_copies_take_their_turn()
    {
        var rows = await Inside.CopyInAsync("shop", new Statement("copy tags (name) from stdin"),
            new MemoryStream("red\nblue\n"u8.ToArray()));
        Assert.Equal(2, rows);
        var seen = new List<string>();
        await foreach (var name in Inside.StreamAsync<string>("shop", $"select name from tags order by name"))
        {
            seen.Add(name);
        }
        Assert.Equal(["blue", "red"], seen);
        await foreach (var _ in Inside.StreamAsync<int>("shop", $"select i from generate_series(1, 100000) i"))
        {
            break;
        }
        await using (var session = InsideSessions.Open())
        {
            await foreach (var name in session.StreamAsync<string>($"select name from tags", chunkRows: 1))
            {
                await session.ExecuteAsync($"update tags set weight = 5 where name = {name}");
            }
            await session.CommitAsync();
        }
        await RefusedAsync<StatementFailed>(async () =>
            await Inside.CopyInAsync("shop", new Statement("copy tags (name) from stdin"), new MemoryStream("red\n"u8.ToArray())));

        Assert.Equal([5, 5], await Inside.QueryAsync<int>("shop", $"select weight from tags"));
        Assert.Equal("", await NamesAsync(Broker));
    }

    [Fact]
    public async Task Savepoints_of_a_session_work_within()
    {
        await using var session = InsideSessions.Open();
        session.Add(new Tag("outer", 1));
        await using (var scope = await session.BeginNestedAsync())
        {
            session.Add(new Tag("inner", 1));
            await session.FlushAsync();
            await scope.RollbackAsync();
        }
        await session.CommitAsync();

        Assert.Equal("outer", await NamesAsync());
    }

    [Fact]
    public async Task Deferred_constraints_are_checked_by_each_commit_and_stay_deferred()
    {
        await Inside.ExecuteAsync("shop", $"create table parents (id int primary key)");
        await Inside.ExecuteAsync("shop", $"create table children (parent int references parents deferrable initially deferred)");
        for (var i = 0; i < 2; i++)
        {
            await using var session = InsideSessions.Open();
            await session.ExecuteAsync($"insert into children values ({i})");
            Assert.Equal("23503", (await RefusedAsync<StatementFailed>(async () => await session.CommitAsync())).SqlState);
            await session.RollbackAsync();
            await session.ExecuteAsync($"insert into children values ({i})");
            await session.ExecuteAsync($"insert into parents values ({i})");
            await session.CommitAsync();
        }

        Assert.Equal([0, 1], await Inside.QueryAsync<int>("shop", $"select parent from children order by 1"));
    }

    [Fact]
    public async Task What_holds_for_one_transaction_does_not_hold_for_the_next()
    {
        var context = new CallerContext(SearchPath: "pg_catalog") { Settings = CallerContext.None.Settings.Add("app.tenant", "seven") };
        await using (var session = new SessionFactory(Inside, "shop", new() { Terms = new() { Context = context, ReadOnly = true } })
            .Open())
        {
            Assert.Equal(["seven pg_catalog on"], await session.QueryAsync<string>(
                $"select concat_ws(' ', current_setting('app.tenant'), current_setting('search_path'), current_setting('transaction_read_only'))"));
            await session.CommitAsync();
        }
        Assert.Equal("seven", await Inside.With(context).QuerySingleAsync<string>("shop", $"select current_setting('app.tenant')"));

        Assert.Equal("off",
            await Inside.QuerySingleAsync<string>("shop",
                $"select current_setting('transaction_read_only') || coalesce(nullif(current_setting('app.tenant', true), ''), '')"));
        await AddAsync("written");
    }

    [Fact]
    public async Task A_read_only_session_cannot_write()
    {
        await using var session = new SessionFactory(Inside, "shop", new() { Terms = new() { ReadOnly = true } }).Open();
        Assert.Equal("25006", (await RefusedAsync<StatementFailed>(async () => await session.ExecuteAsync($"insert into tags (name) values ('no')"))).SqlState);
        await session.RollbackAsync();
    }

    [Fact]
    public async Task Another_isolation_level_is_refused_unless_it_is_the_sandboxs_own()
    {
        var repeatable = new SessionOptions { Terms = new() { Isolation = Isolation.RepeatableRead } };
        await using (var session = new SessionFactory(Inside, "shop", repeatable).Open())
        {
            Assert.Contains("isolation", (await RefusedAsync<SandboxRefused>(async () => await session.ExecuteAsync($"select 1"))).Message,
                StringComparison.Ordinal);
        }
        await Sandbox.DisposeAsync();
        await OpenAsync(Isolation.RepeatableRead);
        await using (var session = new SessionFactory(Inside, "shop", repeatable).Open())
        {
            Assert.Equal(["repeatable read"], await session.QueryAsync<string>($"show transaction_isolation"));
        }
    }
}
