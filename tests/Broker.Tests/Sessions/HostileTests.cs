using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Settlement;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Sessions;

/// <summary>
/// Commands that no handle of ours sends, values that cannot be sent, and statements that try to reach past their transaction.
/// </summary>
public sealed class HostileTests : SessionStage
{
    [Theory]
    [InlineData("commit")]
    [InlineData("rollback")]
    [InlineData("commit and chain")]
    [InlineData("release savepoint broker_scope_0")]
    [InlineData("rollback to savepoint broker_scope_0")]
    [InlineData("set search_path = x")]
    [InlineData("listen a")]
    [InlineData("prepare transaction 'a'")]
    [InlineData("discard all")]
    public async Task A_step_that_would_outlive_or_end_the_transaction_is_refused_as_a_statement_is(string text)
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync<ScopeOpened>(new OpenScope(new(1), [Insert(1)]));

        await handle.RefusedAsync<StatementRefused>(new Flush([Insert(2), new StatementStep("public.effects", new(text))]));

        await handle.RunAsync<ScopeRolledBack>(new RollbackScope(new(1)));
        await handle.CommitAsync(Insert(3));
        Assert.Equal("1,3", await Sql.ScalarAsync("select string_agg(id::text, ',') from effects"));
    }

    [Theory]
    [InlineData("do 'begin commit; end'")]
    [InlineData("call ends_it()")]
    [InlineData("select ends_it_too()")]
    public async Task Code_on_the_server_cannot_end_the_transaction(string text)
    {
        await Sql.RunAsync("create procedure ends_it() language plpgsql as 'begin insert into effects values (7); commit; end'");
        await Sql.RunAsync("create function ends_it_too() returns int language plpgsql as 'begin insert into effects values (7); execute ''commit''; return 1; end'");
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");

        await handle.RefusedAsync<StatementFailed>(text);

        await handle.RollbackAsync();
        Assert.True((await handle.RefusedAsync<Failure>(new Commit([new StatementStep("", new(text)), Insert(2)]))).Message.Length > 0);
        await handle.RollbackAsync();
        Assert.Equal(0, await CountAsync());
    }

    [Theory]
    [InlineData("rollback")]
    [InlineData("discard-all")]
    [InlineData("none")]
    [InlineData("commit")]
    public async Task What_code_on_the_server_leaves_in_its_session_the_next_borrower_does_not_find(string reset)
    {
        Start(pool: $"size = 1, overflow = 0, reset = {reset}");
        var first = await OpenAsync();
        await first.RunAsync("select set_config('app.left', 'here', false), set_config('search_path', 'nowhere', false)");
        await first.RunAsync("select pg_advisory_lock(77)");
        await first.RunAsync("create temp table left_here (id int)");
        await first.RunAsync("do $$ begin execute 'listen left_here'; end $$");
        await first.CommitAsync();
        var next = await OpenAsync();

        var seen = await next.AskAsync(
            "select concat_ws(',', nullif(current_setting('app.left', true), ''), nullif(current_setting('search_path'), '\"$user\", public'), (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),"
            + " to_regclass('pg_temp.left_here'), (select count(*) from pg_listening_channels()))");

        Assert.Equal("0,0", seen);
    }

    [Fact]
    public async Task A_commit_that_travels_as_an_errand_leaves_nothing_in_its_session_either()
    {
        Start(pool: "size = 1, overflow = 0");
        var handle = await OpenAsync();
        handle.Send(new Commit([Insert(1), new StatementStep("", new("select set_config('app.left', 'here', false)")),
            new StatementStep("", new("select pg_advisory_lock(77)"))]));
        await handle.Probe.ExpectMsgAsync<SessionAnswer>();
        await handle.RollbackAsync();

        var seen = await handle.AskAsync("select concat(current_setting('app.left', true), (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()))");

        Assert.Equal("0", seen);
    }

    public static TheoryData<string> Malformed =>
        ["flush", "commit", "scope", "null step", "null statement", "null text", "no command", "unknown command", "cursor", "copy"];

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_malformed_command_is_refused_and_the_conversation_goes_on(string kind)
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");

        handle.Send(kind switch
        {
            "flush" => new Flush(default),
            "commit" => new Commit(default),
            "scope" => new OpenScope(new(1), default),
            "null step" => new Flush([null!]),
            "null statement" => new Execute(null!),
            "null text" => new Execute(new(null!)),
            "no command" => null!,
            "unknown command" => new Unknown(),
            "cursor" => new OpenCursor(new(1), null!, 1),
            _ => new Flush([new CopyStep("", "copy effects (id) from stdin (format binary)", default, default, 3)]),
        });

        await handle.HearAsync<CommandRefused>();
        await handle.CommitAsync();
        Assert.Equal(1, await CountAsync());
    }

    private sealed record Unknown : ISessionCommand;

    public static TheoryData<string> Uncopied => ["short", "surrogate", "zone", "types", "many", "rows"];

    [Theory]
    [MemberData(nameof(Uncopied))]
    public async Task Rows_that_cannot_be_copied_fail_the_flush_and_not_the_connection(string kind)
    {
        await Sql.RunAsync("create table moments (at timestamptz, id int)");
        Start(pool: "size = 1, overflow = 0");
        var handle = await OpenAsync();
        var pid = await handle.AskAsync("select pg_backend_pid()");
        const string Text = "copy effects (id, note) from stdin (format binary)";
        var step = kind switch
        {
            "short" => new CopyStep("", Text, ["integer", "text"], [new Parameter<int[]>([1, 2, 3]), new Parameter<string[]>(["a"])], 3),
            "surrogate" => new CopyStep("", Text, ["integer", "text"],
                [new Parameter<int[]>([1, 2]), new Parameter<string[]>(["a", "\ud800"])], 2),
            "zone" => new CopyStep("", "copy moments (at) from stdin (format binary)", ["timestamp with time zone"],
                [new Parameter<DateTime[]>([new(2026, 1, 1)])], 1),
            "types" => new CopyStep("", Text, ["integer"], [new Parameter<int[]>([1]), new Parameter<string[]>(["a"])], 1),
            "many" => new CopyStep("", Text, ["integer", "no such type"], [new Parameter<int[]>([1]), new Parameter<string[]>(["a"])], 1),
            _ => new CopyStep("", Text, ["integer", "text"], [new Parameter<int[]>([1, 2]), new Parameter<string[]>(["a", "b"])], -3),
        };

        handle.Send(new Flush([step]));
        var answer = (await handle.Probe.ExpectMsgAsync<SessionAnswer>()).Reply;

        Assert.True(answer is CommandRefused { Failure: not ConnectionLost }, $"{answer}");
        await handle.RollbackAsync();
        Assert.Equal(pid, await handle.AskAsync("select pg_backend_pid()"));
        await handle.CommitAsync(Insert(9));
        Assert.Equal(1, await CountAsync());
    }

    [Theory]
    [InlineData("interval '1 month 1 day'")]
    [InlineData("1e300::numeric")]
    [InlineData("'{1,NULL}'::int[]")]
    [InlineData("'{{1,2},{3,4}}'::int[]")]
    [InlineData("row(1, 'a')")]
    [InlineData("'infinity'::timestamptz")]
    [InlineData("'4713-01-01 BC'::date")]
    [InlineData("'NaN'::numeric")]
    [InlineData("'(1,2)'::point")]
    [InlineData("'24:00:00'::time")]
    [InlineData("'[1,2]'::int4range")]
    [InlineData("'a'::\"char\"")]
    public async Task A_commit_whose_rows_cannot_be_read_is_told_as_committed(string value)
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");

        await handle.CommitAsync(new StatementStep("", new($"update effects set note = 'z' returning {value}")));
        await handle.CommitAsync(new StatementStep("", new($"update effects set note = 'y' returning {value}")));

        Assert.Equal(1, await CountAsync("note = 'y'"));
    }

    [Fact]
    public async Task Limits_without_end_are_limits_without_end()
    {
        Start();
        var handle = await OpenAsync(new() { IdleLimit = TimeSpan.MaxValue, Wait = TimeSpan.MaxValue });

        await handle.RunAsync("insert into effects values (1, 'a')");
        await handle.RunAsync<CursorRows>(new OpenCursor(new(1), new("select 1"), 1));
        await handle.CommitAsync();
        await handle.CommitAsync(Insert(2));

        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task Only_a_commit_has_an_outcome()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("select 1");

        Assert.IsType<CommandRefused>(await OutcomeAsync(new(handle.Session, handle.Id, 1)));
    }
}
