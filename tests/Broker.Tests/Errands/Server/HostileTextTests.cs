using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Leases;
using Npgsql;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>Texts and answers that are meant to hurt: each hurts its own caller and nobody else.</summary>
public sealed class HostileTextTests : IAsyncLifetime
{
    private const string Schema = """
        create table kept (id int, note text);
        create table away (id int);
        create sequence calls;
        create function raise(state text) returns int language plpgsql as $$
            begin perform nextval('calls'); raise exception 'on purpose' using errcode = state; end $$;
        create view over_away as select id from away;
        """;

    private PackingBroker _broker = null!;

    public async Task InitializeAsync() => _broker = await PackingBroker.StartAsync(Schema, "broker.pool.size = 1");

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Theory]
    [InlineData("select $99999999999")]
    [InlineData("select $65536")]
    [InlineData("select $0")]
    [InlineData("select $1, $2")]
    [InlineData("with x as (select $1) select $30000 from x")]
    public async Task A_parameter_that_nobody_can_give_is_refused_and_the_pool_goes_on(string text)
    {
        var process = (await _broker.RunAsync("select pg_backend_pid()")).Rows;
        for (var round = 0; round < 3; round++)
        {
            var answer = await RunAsync(new(text));
            Assert.True(answer.Failure is StatementFailed or ParameterRefused, answer.ToString());
        }
        Assert.Equal(process, (await _broker.RunAsync("select pg_backend_pid()")).Rows);
    }

    [Theory]
    [InlineData("select $1::int + $2::int")]
    [InlineData("insert into kept values ($1, $2::text)")]
    public async Task Fewer_values_than_the_text_needs_are_told_and_cost_no_connection(string text)
    {
        var process = (await _broker.RunAsync("select pg_backend_pid()")).Rows;
        for (var round = 0; round < 3; round++)
        {
            var answer = await RunAsync(Statement.Of(text, 1));
            Assert.True(answer.Failure is ParameterRefused or StatementFailed, answer.ToString());
        }
        Assert.Equal(process, (await _broker.RunAsync("select pg_backend_pid()")).Rows);
    }

    [Theory]
    [InlineData("26000")]
    [InlineData("0A000")]
    [InlineData("08006")]
    [InlineData("57014")]
    [InlineData("25006")]
    [InlineData("40001")]
    public async Task An_error_that_a_function_raises_itself_is_told_once_whatever_its_code(string state)
    {
        for (var round = 1; round < 4; round++)
        {
            var answer = await RunAsync(Statement.Of("select raise($1)", state));
            Assert.True(answer.Failure is StatementFailed, answer.ToString());
            Assert.Equal(state, answer.SqlState);
            Assert.Equal(round, await _broker.AskDirectlyAsync<long>("select last_value from calls"));
        }
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_text_that_has_no_utf8_form_is_refused_instead_of_sent_as_another()
    {
        foreach (var half in new[] { '\ud800', '\udc00' })
        {
            Assert.IsType<StatementRefused>((await RunAsync(new($"insert into kept values (1, '{half}')"))).Failure);
            Assert.IsType<StatementRefused>((await RunAsync(new($"select 1 as \"x{half}\""))).Failure);
        }
        Assert.Equal("[\ud83d\ude00]", (await RunAsync(new("select '\ud83d\ude00'"))).Rows);
        Assert.Equal(0L, await _broker.AskDirectlyAsync<long>("select count(*) from kept"));
    }

    [Theory]
    [InlineData("select interval '1 month'")]
    [InlineData("select 1e40::numeric")]
    [InlineData("select 'NaN'::numeric")]
    [InlineData("select '5874897-12-31'::date")]
    [InlineData("select '294276-01-01'::timestamp")]
    [InlineData("select '24:00'::time")]
    public async Task A_value_that_dotnet_cannot_hold_is_told_to_its_caller_alone_and_costs_no_connection(string text)
    {
        var process = (await _broker.RunAsync("select pg_backend_pid()")).Rows;
        for (var round = 0; round < 3; round++)
        {
            var answers = await _broker.TogetherAsync("select 1", text, "select 2", text);
            Assert.Equal(("[1]", "[2]"), (answers[0].Rows, answers[2].Rows));
            Assert.True(answers[1].Failure is null or ResultMismatch, answers[1].ToString());
            Assert.Equal(answers[1], answers[3]);
        }
        Assert.Equal(process, (await _broker.RunAsync("select pg_backend_pid()")).Rows);
    }

    [Theory]
    [InlineData("off")]
    [InlineData("on")]
    public async Task A_write_whose_answer_cannot_be_read_takes_effect_once_and_says_so(string settle)
    {
        await using var broker = PackingBroker.StartOn(_broker.ConnectionString, $"broker.errands.settle = {settle}");
        for (var round = 1; round < 12; round++)
        {
            var answers = await broker.TogetherAsync(
                "insert into kept values (1) returning id", "insert into kept values (2) returning interval '1 month'",
                    "insert into kept values (3) returning id");
            Assert.Equal(("[1]", "[3]"), (answers[0].Rows, answers[2].Rows));
            Assert.True(answers[1].Failure is ResultMismatch, answers[1].ToString());
            Assert.Equal(3L * round, await broker.AskDirectlyAsync<long>("select count(*) from kept"));
        }
        await broker.AssertWholeAsync();
        Assert.Empty(broker.Warnings);
    }

    [Fact]
    public async Task A_select_into_that_is_settled_answers_no_rows_and_makes_its_table()
    {
        await using var broker = PackingBroker.StartOn(_broker.ConnectionString, "broker.errands.settle = on");
        Assert.Equal(new("", -1, ""), await PackingBroker.RunAsync(broker.Client, new("select 7 as id into made")));
        Assert.Equal("[7]", (await broker.RunAsync("select id from made")).Rows);
        Assert.Empty(broker.Warnings);
    }

    [Fact]
    public async Task Rows_without_columns_are_counted_whether_they_come_alone_or_together()
    {
        await _broker.DirectlyAsync("insert into kept values (1), (1)");
        var counts = new List<int>();
        for (var round = 0; round < 6; round++)
        {
            var rows = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _broker.Client.Sender.RunAsync(
                PackingBroker.Pool, new("select from kept"), _broker.Client.Terms, static reply => ((ErrandCompleted)reply).Rows.Count,
                    default).AsTask()));
            counts.AddRange(rows);
        }
        Assert.All(counts, count => Assert.Equal(2, count));
    }

    [Fact]
    public async Task A_text_that_is_prepared_while_its_table_is_locked_can_be_cancelled_and_obeys_its_own_timeout()
    {
        await RunAsync(new("select id from away"));
        await _broker.UntilIdleAsync();
        await using var holder = await _broker.Server.OpenConnectionAsync();
        await using var holding = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("lock table away", holder))
        {
            await hold.ExecuteNonQueryAsync();
        }
        using var cancel = new CancellationTokenSource();
        var waiting = _broker.Client.QueryAsync<int>(PackingBroker.Pool, new Statement("select id from away"), cancel.Token).AsTask();
        await _broker.UntilDirectlyAsync(
            "select count(*) = 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal("[1]", (await RunAsync(new("select 1"))).Rows);
    }

    [Fact]
    public async Task What_is_asked_of_the_catalogue_waits_for_no_lock()
    {
        await using var holder = await _broker.Server.OpenConnectionAsync();
        await using var holding = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("lock table away", holder))
        {
            await hold.ExecuteNonQueryAsync();
        }
        Assert.Equal("[1]", (await RunAsync(new("select 1 as over_away"))).Rows);
        Assert.Equal("[2]", (await RunAsync(new("select 2 as other"))).Rows);
    }

    [Fact]
    public async Task Where_backslashes_escape_no_text_leaves_a_setting_behind()
    {
        await _broker.DirectlyAsync(
            "do $$ begin execute format('alter database %I set standard_conforming_strings = off', current_database()); end $$");
        await using var broker = PackingBroker.StartOn(_broker.ConnectionString, "broker.pool.size = 1");
        var before = (await broker.RunAsync("select current_setting('work_mem')")).Rows;
        for (var round = 0; round < 6; round++)
        {
            var changed = await PackingBroker.RunAsync(broker.Client, new(@"select 'a\'' , set_config('work_mem','99MB',false), ''"));
            Assert.Contains("99MB", changed.Rows, StringComparison.Ordinal);
            Assert.Equal(before, (await broker.RunAsync("select current_setting('work_mem')")).Rows);
        }
    }

    [Fact]
    public async Task Writes_whose_BEGIN_is_lost_take_effect_once()
    {
        await _broker.WarmAsync(i => Statement.Of("insert into kept values ($1)", i + 1000));
        await using (var lease = await LeaseAsync())
        {
            await using var find = new NpgsqlCommand(
                "select name from pg_prepared_statements where statement = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'",
                    lease.Connection);
            var name = (string)(await find.ExecuteScalarAsync())!;
            await using var forget = new NpgsqlCommand($"deallocate {name}", lease.Connection);
            await forget.ExecuteNonQueryAsync();
        }
        var (answers,
            _) = await _broker.PackAsync([.. Enumerable.Range(1, 3)
                .Select(i => (_broker.Client, Statement.Of("insert into kept values ($1)", i)))]);
        Assert.All(answers, answer => Assert.Equal(new("", 1, ""), answer));
        Assert.Equal("1,2,3",
            await _broker.AskDirectlyAsync<string>("select string_agg(id::text, ',' order by id) from kept where id < 1000"));
        await _broker.AssertWholeAsync();
    }

    [Theory]
    [InlineData("deallocate all")]
    [InlineData("discard all")]
    public async Task What_was_prepared_and_is_gone_is_noticed_by_nobody(string vanish)
    {
        await _broker.WarmAsync(i => Statement.Of("insert into kept values ($1)", i + 1000));
        await _broker.WarmAsync(i => Statement.Of("select $1::int", i));
        foreach (var together in new[] { 1, 3 })
        {
            foreach (var text in new[] { "insert into kept values ($1) returning id", "select $1::int" })
            {
                await RunAsync(Statement.Of(text, 5000));
                await _broker.UntilIdleAsync();
                await RunAsync(Statement.Of(text, 5000));
                await _broker.DirectlyAsync("delete from kept");
                await using (var lease = await LeaseAsync())
                {
                    await using var forget = new NpgsqlCommand(vanish, lease.Connection);
                    await forget.ExecuteNonQueryAsync();
                }
                var (answers,
                    _) = await _broker.PackAsync([.. Enumerable.Range(1, together).Select(i => (_broker.Client, Statement.Of(text, i)))]);
                Assert.Equal(Enumerable.Range(1, together).Select(i => $"[{i}]"), answers.Select(answer => answer.Rows));
                Assert.Equal(text.StartsWith('i') ? together : 0L, await _broker.AskDirectlyAsync<long>("select count(*) from kept"));
            }
        }
        await _broker.AssertWholeAsync();
    }

    private Task<Lease> LeaseAsync() => _broker.Home.LeaseAsync(PackingBroker.Pool).AsTask();

    private Task<Answer> RunAsync(Statement statement) =>
        PackingBroker.RunAsync(_broker.Client, statement).WaitAsync(TimeSpan.FromSeconds(30));
}
