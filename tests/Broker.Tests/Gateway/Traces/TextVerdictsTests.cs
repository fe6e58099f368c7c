using System.Text;
using Broker.Configuration;
using Broker.Errands;
using Broker.Gateway.Traces;
using Broker.Statements;
using Broker.Tests.Statements;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broker.Tests.Gateway.Traces;

/// <summary>What is known of texts, as the catalogue of a real server tells it.</summary>
public sealed class TextVerdictsTests(CatalogueFixture server) : IClassFixture<CatalogueFixture>
{
    private static readonly PoolDefaults Usual = new("read committed", false, false, "UTF8", true, false, TimeSpan.FromSeconds(1));

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Theory]
    [InlineData("select abalance from pgbench_accounts where aid = 17", "Reads")]
    [InlineData("select name, total from totals", "Reads")]
    [InlineData("update pgbench_accounts set abalance = abalance + 5 where aid = 17", "Writes")]
    [InlineData("insert into customers (name) values ('a')", "Writes")]
    [InlineData("copy pgbench_history from stdin", "None")]
    [InlineData("insert into orders (customer) values (1) returning id", "Writes")]
    [InlineData("insert into customers (name) values ('a') returning id", "Writes")]
    [InlineData("insert into pgbench_history (aid, delta, mtime) values (1, 2, current_timestamp)", "Writes")]
    [InlineData("delete from pgbench_history where aid = 1", "Writes")]
    [InlineData("select lastval()", "None")]
    [InlineData("select pg_sleep(1)", "None")]
    [InlineData("select pg_advisory_xact_lock(1)", "None")]
    [InlineData("select * from guarded", "None")]
    public async Task A_plain_text_leaves_nothing_and_plain_reads_and_writes_pack_with_their_like(string text, string lane)
    {
        var verdict = await VerdictAsync(Verdicts(), text);

        Assert.Equal((false, lane), (verdict.Trace.IsDirty, verdict.Lane.ToString()));
    }

    [Theory]
    [InlineData("select own(1)")]
    [InlineData("select * from calling")]
    [InlineData("select * from calling_deep")]
    [InlineData("select * from setting")]
    [InlineData("select * from guarded_by_code")]
    [InlineData("insert into audited values (1)")]
    [InlineData("copy audited from stdin")]
    [InlineData("copy (select own(1)) to stdout")]
    [InlineData("explain select own(1)")]
    [InlineData("declare c cursor for select own(1)")]
    [InlineData("select 'ok'::mood === 'a'")]
    [InlineData("select aid from pgbench_accounts; select own(1)")]
    [InlineData("select pg_advisory_lock(1)")]
    [InlineData("select set_config('a.b', 'c', true)")]
    [InlineData("select * from lines")]
    public async Task What_runs_code_of_users_may_leave_anything_and_never_packs(string text)
    {
        var verdict = await VerdictAsync(Verdicts(), text);

        Assert.Equal((true, TripLane.None), (verdict.Trace.IsDirty, verdict.Lane));
    }

    [Fact]
    public void What_was_not_asked_yet_may_leave_anything()
    {
        var verdicts = Verdicts();

        Assert.Equal((true, false), (Of(verdicts, "select 1 = 1").Trace.IsDirty, Of(verdicts, "select 1 = 1").Lane is TripLane.Reads));
        Assert.True(verdicts.HasQuestions);
    }

    [Fact]
    public async Task Texts_that_differ_in_literals_are_asked_once_and_share_an_estimate()
    {
        var verdicts = Verdicts();
        var first = await VerdictAsync(verdicts, "select 'a' from pgbench_accounts where aid = 1");

        Assert.Same(first, Of(verdicts, "select 'b' from pgbench_accounts where aid = 222"));
        Assert.False(verdicts.HasQuestions);
    }

    [Fact]
    public async Task A_literal_that_matters_keeps_texts_apart()
    {
        var verdicts = Verdicts();

        Assert.True((await VerdictAsync(verdicts, "select CURRENT_SETTING('app.a')")).Lane is TripLane.Reads);
        Assert.False((await VerdictAsync(verdicts, "select CURRENT_SETTING('role')")).Lane is TripLane.Reads);
        Assert.True((await VerdictAsync(verdicts, "select CURRENT_SETTING('app.a')")).Lane is TripLane.Reads);
        Assert.Equal("set work_mem = 100", Of(verdicts, "set work_mem = 100").Trace.Change!.Sql.ToString());
        Assert.Equal("set work_mem = 200", Of(verdicts, "set work_mem = 200").Trace.Change!.Sql.ToString());
    }

    [Fact]
    public async Task An_answer_is_asked_again_when_due_and_believed_meanwhile_and_no_longer_than_twice()
    {
        var verdicts = Verdicts();
        var text = "select abalance from pgbench_accounts";
        var estimate = (await VerdictAsync(verdicts, text)).Estimate;

        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(TripLane.Reads, Of(verdicts, text).Lane);
        Assert.False(verdicts.HasQuestions);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TripLane.Reads, Of(verdicts, text).Lane);
        Assert.True(verdicts.HasQuestions);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((true, false), (Of(verdicts, text).Trace.IsDirty, Of(verdicts, text).Lane is TripLane.Reads));
        Assert.Same(estimate, (await VerdictAsync(verdicts, text)).Estimate);
        Assert.Equal(TripLane.Reads, Of(verdicts, text).Lane);
    }

    [Fact]
    public async Task Where_reads_are_not_packed_or_the_defaults_forbid_it_nothing_packs()
    {
        var text = "select abalance from pgbench_accounts";
        var off = Verdicts("reads = off");
        var other = Verdicts();
        await VerdictAsync(other, text);
        other.Presume(Usual with { Isolation = "serializable" });

        Assert.Equal((false, false), ((await VerdictAsync(off, text)).Trace.IsDirty, Of(off, text).Lane is TripLane.Reads));
        Assert.Equal((false, false), (Of(other, text).Trace.IsDirty, Of(other, text).Lane is TripLane.Reads));
    }

    [Fact]
    public async Task Where_texts_are_read_otherwise_all_may_leave_anything()
    {
        var verdicts = Verdicts();
        await VerdictAsync(verdicts, "select abalance from pgbench_accounts");
        verdicts.Presume(Usual with { StandardStrings = false });

        Assert.Equal((true, false),
            (Of(verdicts, "select abalance from pgbench_accounts").Trace.IsDirty,
                Of(verdicts, "select abalance from pgbench_accounts").Lane is TripLane.Reads));
        Assert.True(Of(verdicts, "begin").Trace.IsDirty);
        Assert.Equal("work_mem", Of(verdicts, "set work_mem = 100").Trace.Change!.Name);
        Assert.Null(Of(verdicts, "set a.b = '\\'; x'").Trace.Change);
    }

    [Fact]
    public async Task A_known_text_costs_no_memory()
    {
        var verdicts = Verdicts();
        var text = "select abalance from pgbench_accounts where aid = 17"u8.ToArray();
        await VerdictAsync(verdicts, Encoding.UTF8.GetString(text));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            verdicts.Of(text);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public async Task A_text_that_is_not_UTF8_may_leave_anything()
    {
        var verdicts = Verdicts();
        await VerdictAsync(verdicts, "select 1");

        Assert.True(verdicts.Of([.. "select f"u8, 0xE9, .. "()"u8]).Trace.IsDirty);
    }

    private static TextVerdict Of(TextVerdicts verdicts, string text) => verdicts.Of(Encoding.UTF8.GetBytes(text));

    private TextVerdicts Verdicts(string packing = "reads = group")
    {
        var verdicts = new TextVerdicts(PackingSettings.Parse(packing), 100, _time);
        verdicts.Presume(Usual);
        return verdicts;
    }

    private async Task<TextVerdict> VerdictAsync(TextVerdicts verdicts, string text)
    {
        for (var round = 0; round < 8; round++)
        {
            var verdict = Of(verdicts, text);
            if (!verdicts.HasQuestions)
            {
                return verdict;
            }
            verdicts.Learn(await CatalogueQueries.AskAsync(server.Connection, verdicts.TakeQuestions(), CancellationToken.None),
                _time.GetUtcNow());
        }
        throw new InvalidOperationException($"not decided after 8 rounds: {text}");
    }
}
