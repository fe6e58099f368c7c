using System.Text.RegularExpressions;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>
/// Who may travel in a group, as a running broker obeys it. Statements shared a transaction exactly when their now() is the same.
/// </summary>
public sealed class WhoMayTravelTests(TravelFixture fixture) : IClassFixture<TravelFixture>
{
    private PackingBroker Broker => fixture.Broker;

    [Fact]
    public async Task Plain_reads_of_different_callers_share_a_transaction()
    {
        var (answers, trips) = await Broker.PackAsync(TravelFixture.Reads);
        Assert.Equal([("read_group", 2)], trips);
        Assert.Single(answers.Select(Moment).Distinct());
    }

    [Fact]
    public async Task Plain_writes_of_different_callers_share_a_transaction_rows_of_RETURNING_included()
    {
        var (answers, trips) = await Broker.PackAsync(TravelFixture.Writes);
        Assert.Equal([("write_group", 2)], trips);
        Assert.Single(answers.Select(Moment).Distinct());
        Assert.All(answers, answer => Assert.Equal(1, answer.Affected));
    }

    [Theory]
    [InlineData("values (now(), 1)")]
    [InlineData("with one as (select note from plain where id = 1) select now(), note from one")]
    [InlineData("select now() -- ; select stamp()\n")]
    [InlineData("select now(), 'it''s; a /* string', $$ also; $$ /* a /* nested */ comment */")]
    [InlineData("select now(), count(*) from plain p join plain q using (id) where p.note like 'note 1%'")]
    public async Task A_read_of_tables_and_shipped_functions_travels_with_others(string text)
    {
        await Broker.WarmAsync([text, .. TravelFixture.Reads]);
        var (answers, trips) = await Broker.PackAsync([text, .. TravelFixture.Reads]);
        Assert.Equal([("read_group", 3)], trips);
        Assert.Single(answers.Select(Moment).Distinct());
    }

    [Theory]
    [InlineData("update plain set note = note where id = 3 returning at")]
    [InlineData("delete from plain where id = 1000 returning at")]
    [InlineData("insert into written values (nextval('numbers'))")]
    [InlineData("with one as (select id from plain where id = 1) insert into written select id from one returning at")]
    [InlineData("with w as (insert into written values (3) returning at) select at from w")]
    [InlineData("with d as (delete from plain where id > 1000 returning id), w as (insert into written select id from d returning at) select at from w")]
    [InlineData("merge into written w using (values (1)) as v(id) on false when not matched then insert values (v.id)")]
    public async Task A_write_to_a_table_without_code_of_its_own_travels_with_others(string text)
    {
        await Broker.WarmAsync([text, .. TravelFixture.Writes]);
        var (_, trips) = await Broker.PackAsync([text, .. TravelFixture.Writes]);
        Assert.Equal([("write_group", 3)], trips);
    }

    [Theory]
    [InlineData("select now(), random()")]
    [InlineData("select stamp()")]
    [InlineData("select quiet()")]
    [InlineData("select at from over_function")]
    [InlineData("select now(), set_config('app.tenant', 'mine', true)")]
    [InlineData("select now(), set_config('app.tenant', 'mine', false)")]
    [InlineData("select now(), current_setting('lock_timeout')")]
    [InlineData("select now(), pg_advisory_xact_lock(1)::text")]
    [InlineData("select now(), pg_advisory_lock(1)::text")]
    [InlineData("select now(), pg_notify('here', 'now')::text")]
    [InlineData("select now(), lo_create(0)")]
    [InlineData("select now(), pg_current_xact_id()")]
    [InlineData("select now(), nextval('numbers')")]
    [InlineData("select now(), owner from guarded")]
    [InlineData("select now(), id from plain where id = 1 for update")]
    [InlineData("explain select 1")]
    public async Task A_read_that_could_tell_or_be_told_of_its_transaction_has_one_of_its_own(string text) =>
        await AssertAloneAsync(text, TravelFixture.Reads, "read_group");

    [Theory]
    [InlineData("insert into audited values (1) returning at")]
    [InlineData("with w as (insert into audited values (1) returning at) select at from w")]
    [InlineData("with w as (insert into written values (3) returning at) select at, random() from w")]
    [InlineData("update ruled set id = 1")]
    [InlineData("insert into defaulted values (1) returning at")]
    [InlineData("insert into checked values (1) returning at")]
    [InlineData("insert into guarded values ('me') returning at")]
    [InlineData("insert into written values (4) returning at, random()")]
    [InlineData("update plain set note = note where id = 1 and xmin::text <> '1' returning now()")]
    [InlineData("update plain set note = note where id = 1 returning now(), ctid::text")]
    [InlineData("update plain set note = txid_current()::text where id = 4 returning now()")]
    [InlineData("insert into written select 5 returning at, tableoid::int")]
    [InlineData("create temporary table mine (id int) on commit drop")]
    [InlineData("notify here")]
    public async Task A_write_that_could_tell_or_be_told_of_its_transaction_has_one_of_its_own(string text) =>
        await AssertAloneAsync(text, TravelFixture.Writes, "write_group");

    [Theory]
    [InlineData("begin", "BEGIN")]
    [InlineData("select 1; select 2", "2 statements")]
    [InlineData("select 1; begin", "2 statements")]
    [InlineData("set app.tenant = 'mine'", "SET")]
    [InlineData("listen here", "LISTEN")]
    [InlineData("prepare mine as select 1", "PREPARE")]
    [InlineData("copy plain to stdout", "COPY")]
    [InlineData("declare c cursor for select 1", "DECLARE")]
    [InlineData("discard all", "DISCARD")]
    public async Task A_text_that_needs_a_session_is_refused_with_what_to_do_instead(string text, string word)
    {
        var refused = Assert.IsType<Client.Protocol.Failures.StatementRefused>((await Broker.RunAsync(text)).Failure);
        Assert.Contains(word, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_caller_set_for_its_transaction_or_session_never_reaches_another()
    {
        string[] texts =
        [
            "select set_config('app.tenant', 'mine', true)", "select set_config('app.tenant', 'mine', false)",
            "select set_config('search_path', 'nowhere', false)", "select pg_advisory_lock(4)::text",
            "create temporary table plain (id int)", "select current_setting('app.tenant', true), current_setting('search_path')",
            "select count(*) from plain",
        ];
        for (var round = 0; round < 4; round++)
        {
            var answers = await Broker.TogetherAsync(texts);
            Assert.Equal("", Assert.Single(answers.Select(answer => answer.SqlState).Distinct()));
            Assert.Contains(answers[^2].Rows, (string[])["[NULL,\"$user\", public]", "[,\"$user\", public]"]);
            Assert.Equal("[100]", answers[^1].Rows);
        }
        await Broker.UntilIdleAsync();
        Assert.Equal(0L, await Broker.AskDirectlyAsync<long>("select count(*) from pg_locks where locktype = 'advisory' and objid = 4"));
    }

    [Fact]
    public async Task Equal_notifications_of_two_callers_both_arrive()
    {
        await using var listener = await Broker.Server.OpenConnectionAsync();
        var heard = 0;
        listener.Notification += (_, _) => heard++;
        await using (var listen = listener.CreateCommand())
        {
            listen.CommandText = "listen here";
            await listen.ExecuteNonQueryAsync();
        }
        await Broker.TogetherAsync("notify here, 'now'", "notify here, 'now'", "select pg_notify('here', 'now')::text",
            "select pg_notify('here', 'now')::text");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (heard < 4)
        {
            await listener.WaitAsync(limit.Token);
        }
    }

    private async Task AssertAloneAsync(string text, string[] companions, string shape)
    {
        // Twice known, so that it is not alone only because it is new.
        await Broker.RunAsync(text);
        await Broker.UntilIdleAsync();
        await Broker.RunAsync(text);
        const int Rounds = 5;
        for (var round = 1; round <= Rounds; round++)
        {
            var (answers, trips) = await Broker.PackAsync([companions[0], text, text, companions[1]]);
            Assert.All(answers, answer => Assert.Equal("", answer.SqlState));
            if (trips.Length == 4)
            {
                // A machine that paused made them slow, and slow ones share no trip until they were quick again.
                await Broker.WarmAsync(companions);
                continue;
            }
            Assert.Equal([("alone", 1), ("alone", 1), (shape, 2)], trips.Order());
            // Two transactions may begin in the same microsecond; one that was shared would begin in the same each time.
            if (!answers[1].Rows.Contains('T', StringComparison.Ordinal) || answers.Select(Moment).Distinct().Count() == 3)
            {
                return;
            }
        }
        Assert.Fail($"{text} began with others, or these not with each other, in each of {Rounds} rounds");
    }

    private static string Moment(Answer answer) => Regex.Match(answer.Rows, @"\d{4}-\d\d-\d\dT[\d:.]+").Value;
}
