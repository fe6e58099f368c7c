using Akka.Actor;
using Broker.Connections;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Both;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Links;

/// <summary>Links of a real server whose users vanish, in whatever state.</summary>
public sealed class LinkCleaningTests : IAsyncLifetime
{
    private string _database = null!;

    public async Task InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_that_was_left_at_rest_is_fit_at_once(bool portable) =>
        await CleanedAsync(portable, (stage, link) => stage.SendAsync(link));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_runs_is_cancelled(bool portable) =>
        await CleanedAsync(portable, async (stage, link) =>
        {
            await stage.SendAsync(link, Query("select pg_sleep(600)"));
            await LinkStage.RunsAsync(_database, link);
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pipeline_of_which_nobody_reads_the_answers_is_cancelled_one_by_one(bool portable) =>
        await CleanedAsync(portable, async (stage, link) =>
        {
            await stage.SendAsync(link,
                [.. Enumerable.Repeat(Extended("select pg_sleep(600)").Append(Sync.Instance), 3).SelectMany(static one => one),
                    .. Extended("select 1")]);
            await LinkStage.RunsAsync(_database, link);
        });

    [Theory]
    [InlineData(true, "select 1")]
    [InlineData(false, "select 1")]
    [InlineData(true, "select 1/0")]
    [InlineData(false, "select 1/0")]
    public async Task A_transaction_that_is_open_or_has_failed_is_rolled_back(bool portable, string last) =>
        await CleanedAsync(portable, async (stage, link) =>
        {
            foreach (var text in new[] { "begin", "insert into t values (1)", last })
            {
                await stage.SendAsync(link, Query(text));
                await stage.ReadAsync(link, static use => use.IsAtRest);
            }
            Assert.NotEqual(TransactionStatus.Idle, link.Use.Status);
        });

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public async Task A_COPY_that_waits_for_data_ends_without_any(bool portable, bool simple) =>
        await CleanedAsync(portable, async (stage, link) =>
        {
            await stage.SendAsync(link, simple ? [Query("copy t from stdin")] : [.. Extended("copy t from stdin"), Flush.Instance]);
            await stage.ReadAsync(link, static use => use.IsCopyIn);
            await stage.SendAsync(link, new CopyData("1\n2\n"u8.ToArray()));
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_COPY_of_more_than_anybody_holds_is_cancelled_and_dropped(bool portable) =>
        await CleanedAsync(portable, async (stage, link) =>
        {
            await stage.SendAsync(link, Query("copy (select repeat('x', 1000) from generate_series(1, 100000000)) to stdout"));
            await stage.ReadAsync(link, static use => use.IsAwaiting);
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_row_that_came_in_part_is_read_to_its_end(bool portable) =>
        await CleanedAsync(portable, async (stage, link) =>
        {
            await stage.SendAsync(link, Query("select repeat('x', 50000000)"));
            await stage.ReadAsync(link, static use => use.IsCut);
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_series_that_was_only_flushed_is_undone_as_when_a_client_of_the_server_is_lost(bool portable) =>
        await CleanedAsync(portable, async (stage, link) =>
        {
            await stage.SendAsync(link, [.. Extended("insert into t values (1)"), Flush.Instance]);
            await stage.ReadAsync(link, static use => !use.IsAwaiting);
            Assert.True(link.Use.IsSeriesOpen);
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_series_that_has_failed_is_ended(bool portable) =>
        await CleanedAsync(portable, async (stage, link) =>
        {
            await stage.SendAsync(link, [.. Extended("select 1/0"), Flush.Instance]);
            await stage.ReadAsync(link, static use => use.IsSkipping);
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_session_holds_is_undone_when_that_is_asked_for(bool portable)
    {
        await using var stage = LinkStage.For(portable, _database);
        var link = await stage.OpenAsync();
        await stage.QueryAsync(link, "create temp table mine (id int); select pg_advisory_lock(7); set datestyle = 'German'; set work_mem = '7MB'; prepare p as select 1");
        await stage.DoAsync(() =>
        {
            // as a client's Parse under a name of ours would have left it
            link.Statements.Use(stage.Book.Keep(new PreparedText(WireText.Of("select 2"), [])));
            link.Statements.Done();
            link.Statements.NextSeries();
            link.Applied = link.Applied.Add("work_mem", WireText.Of("set work_mem = '7MB'"));
            return true;
        });
        Assert.Equal("German, DMY", link.Settings[WireText.Of("DateStyle")].ToString());

        link.Actor.Tell(new LinkCommands.Clean(Discard: true), ActorRefs.NoSender);
        Assert.Same(link, (await stage.HearAsync<LinkEvents.Cleaned>()).Link);

        Assert.Equal(link.Defaults, link.Settings);
        Assert.Equal((0, 0, 0), (link.Statements.Count, link.Statements.Unanswered, link.Applied.Count));
        Assert.Equal("t|0|t|0", await stage.QueryAsync(
            link,
            """
            select to_regclass('mine') is null, (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
                current_setting('work_mem') <> '7MB', (select count(*) from pg_prepared_statements)
            """));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_does_not_end_in_time_costs_the_link(bool portable)
    {
        await using var stage = LinkStage.For(portable, _database, more: "broker.pool.reset-timeout = 500ms");
        var link = await stage.OpenAsync();
        await stage.SendAsync(link,
            Query("do $$ begin loop begin perform pg_sleep(600); exception when query_canceled then null; end; end loop; end $$"));
        await LinkStage.RunsAsync(_database, link);

        link.Actor.Tell(new LinkCommands.Clean(Discard: false), ActorRefs.NoSender);
        var closed = await stage.HearAsync<LinkEvents.Closed>();

        Assert.Equal((link, CloseReason.ResetTimedOut, false), (closed.Link, closed.Reason, closed.Clean));
        await using var source = NpgsqlDataSource.Create(_database);
        await using var command = source.CreateCommand($"select pg_terminate_backend({link.Backend.Pid})");
        await command.ExecuteNonQueryAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_that_was_cut_costs_the_link(bool portable)
    {
        await using var stage = LinkStage.For(portable, _database);
        var link = await stage.OpenAsync();
        await stage.SendAsync(link);
        await stage.DoAsync(() =>
        {
            link.Use.SentPiece();
            return link.Channel.Write("Q\0\0\u0001\0select "u8);
        });

        link.Actor.Tell(new LinkCommands.Clean(Discard: false), ActorRefs.NoSender);
        var closed = await stage.HearAsync<LinkEvents.Closed>();

        Assert.Equal((CloseReason.HolderLost, true), (closed.Reason, closed.Clean));
        Assert.True(await LinkStage.IsGoneAsync(_database, link));
    }

    private static Query Query(string text) => new(WireText.Of(text));

    private static IEnumerable<IFrontendMessage> Extended(string text) =>
        [new Parse(WireText.Empty, WireText.Of(text), []), new Bind(WireText.Empty, WireText.Empty, [], [], []),
            new Execute(WireText.Empty, 0)];

    /// <summary>Has a link used and left, and cleaned: it is as new, and on the same process.</summary>
    private async Task CleanedAsync(bool portable, Func<LinkStage, WireLink, Task> use)
    {
        await using var stage = LinkStage.For(portable, _database);
        var link = await stage.OpenAsync();
        await stage.QueryAsync(link, "create table t (id int)");
        await use(stage, link);
        Assert.Equal(LinkPhase.Lent, link.Phase);

        link.Actor.Tell(new LinkCommands.Clean(Discard: false), ActorRefs.NoSender);
        Assert.Same(link, (await stage.HearAsync<LinkEvents.Cleaned>()).Link);

        Assert.True(await stage.DoAsync(() => link is { Phase: LinkPhase.Idle, Use.CanRelease: true, Input: { Held: 0, Unread: 0 } }));
        Assert.Equal($"{link.Backend.Pid}|0", await stage.QueryAsync(link, "select pg_backend_pid(), count(*) from t"));
    }
}
