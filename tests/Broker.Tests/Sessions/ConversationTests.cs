using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sessions;

/// <summary>One handle and its conversation: transactions, what is refused, what fails and how it is recovered from.</summary>
public sealed class ConversationTests : SessionStage
{
    [Fact]
    public async Task No_connection_is_taken_before_the_first_statement_and_it_goes_back_at_commit()
    {
        Start();
        var handle = await OpenAsync();
        Assert.Empty((await Broker.GetStatusAsync("orders")).Leases);

        await handle.RunAsync("insert into effects values (1, 'a')");

        Assert.Equal($"conversation {handle.Session}", Assert.Single((await Broker.GetStatusAsync("orders")).Leases).Holder);
        Assert.Equal(0, await CountAsync());
        var committed = await handle.CommitAsync();
        Assert.True(committed.TransactionId > 0);
        Assert.Equal(1, await CountAsync());
        await UntilQuietAsync();
    }

    [Fact]
    public async Task A_statement_answers_its_verb_its_count_and_its_rows()
    {
        Start();
        var handle = await OpenAsync();

        var inserted = await handle.RunAsync("insert into effects select i, 'n' || i from generate_series(1, 3) i returning id, note");
        var deleted = await handle.RunAsync("delete from effects where id > $1", 1);
        var made = await handle.RunAsync("create table other (id int)");

        Assert.Equal(("INSERT", 3L, 3, "n2"),
            (inserted.Verb, inserted.Affected, inserted.Rows.Count, inserted.Rows.Columns[1].GetValue(1)));
        Assert.Equal(("DELETE", 2L, 0), (deleted.Verb, deleted.Affected, deleted.Rows.Count));
        Assert.Equal("CREATE", made.Verb);
    }

    [Fact]
    public async Task A_rollback_undoes_all_and_gives_the_connection_back()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");

        await handle.RollbackAsync();

        Assert.Equal(0, await CountAsync());
        Assert.Equal(new Epoch(1), handle.Epoch);
        await UntilQuietAsync();
    }

    [Fact]
    public async Task Isolation_read_only_and_context_hold_for_the_transaction_and_leave_nothing_behind()
    {
        Start(pool: "size = 1, overflow = 0");
        var handle = await OpenAsync(new()
        {
            Isolation = Isolation.Serializable, ReadOnly = true, Deferrable = true,
            Context = new(SearchPath: "pg_catalog") { Settings = CallerContext.None.Settings.Add("app.tenant", "acme") },
        });

        Assert.Equal("serializable on on pg_catalog acme", await handle.AskAsync(
            "select concat_ws(' ', current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('transaction_deferrable'), current_setting('search_path'), current_setting('app.tenant'))"));
        await handle.CommitAsync();

        var plain = await OpenAsync();
        Assert.Equal("read committed off ", await plain.AskAsync(
            "select concat_ws(' ', current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('app.tenant', true))"));
    }

    [Theory]
    [InlineData("begin")]
    [InlineData("commit")]
    [InlineData("rollback")]
    [InlineData("savepoint a")]
    [InlineData("set search_path = x")]
    [InlineData("set transaction isolation level serializable")]
    [InlineData("reset all")]
    [InlineData("listen a")]
    [InlineData("prepare p as select 1")]
    [InlineData("declare c cursor for select 1")]
    [InlineData("copy effects from stdin")]
    [InlineData("discard all")]
    [InlineData("select 1; select 2")]
    public async Task A_statement_that_would_outlive_or_end_the_transaction_is_refused_and_the_transaction_goes_on(string text)
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");

        await handle.RefusedAsync<StatementRefused>(text);

        await handle.CommitAsync();
        Assert.Equal(1, await CountAsync());
    }

    [Theory]
    [InlineData("set local search_path = public")]
    [InlineData("set constraints all immediate")]
    [InlineData("lock table effects")]
    [InlineData("create index on effects (note)")]
    [InlineData("notify a")]
    [InlineData("explain select 1")]
    public async Task What_ends_with_the_transaction_may_run(string text)
    {
        Start();
        var handle = await OpenAsync();

        await handle.RunAsync(text);

        await handle.CommitAsync();
    }

    [Fact]
    public async Task A_bad_parameter_is_refused_before_anything_is_sent()
    {
        Start();
        var handle = await OpenAsync();

        await handle.RefusedAsync<ParameterRefused>(new Execute(new("select $1", [new Parameter<string>("a\0b")])));

        Assert.Empty((await Broker.GetStatusAsync("orders")).Leases);
        Assert.Equal(1, await handle.AskAsync("select 1"));
    }

    [Fact]
    public async Task After_a_failed_statement_each_use_is_refused_with_the_original_cause_until_the_rollback()
    {
        Start();
        var handle = await OpenAsync();
        await handle.RunAsync("insert into effects values (1, 'a')");
        Assert.Equal("22012", (await handle.RefusedAsync<StatementFailed>("select 1 / 0")).SqlState);

        Assert.Equal("22012", (await handle.RefusedAsync<ConversationFailed>("select 1")).Cause.SqlState);
        Assert.Equal("22012", (await handle.RefusedAsync<ConversationFailed>(new Flush([Insert(2)]))).Cause.SqlState);
        Assert.Equal("22012", (await handle.RefusedAsync<ConversationFailed>(new Commit([]))).Cause.SqlState);
        await UntilQuietAsync();

        await handle.RollbackAsync();
        await handle.CommitAsync(Insert(3));
        Assert.Equal(1, await CountAsync());
        Assert.Equal(1, await CountAsync("id = 3"));
    }

    [Fact]
    public async Task A_failed_flush_names_its_step_and_nothing_of_it_stays()
    {
        Start();
        var handle = await OpenAsync();

        handle.Send(new Flush([Insert(1), Insert(2), Insert(1)]));

        var refused = await handle.HearAsync<CommandRefused>();
        Assert.Equal(2, refused.Step);
        Assert.Equal("effects_pkey", Assert.IsType<StatementFailed>(refused.Failure).Constraint);
        await handle.RollbackAsync();
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task A_flush_answers_each_step_in_its_place()
    {
        Start();
        var handle = await OpenAsync();

        var flushed = await handle.RunAsync<Flushed>(new Flush(
        [
            Insert(1), new StatementStep("public.effects", new("update effects set note = 'y' returning note")),
            new StatementStep("", new("set constraints all immediate")),
            new StatementStep("public.effects", new("delete from effects where id = 7")),
            new StatementStep("", new("select from generate_series(1, 2)")),
        ]));

        Assert.Equal([1L, 1L, -1L, 0L, -1L], flushed.Results.Select(one => one.Affected));
        Assert.Equal([0, 1, 0, 0, 2], flushed.Results.Select(one => one.Rows.Count));
        Assert.Equal("y", flushed.Results[1].Rows.Columns[0].GetValue(0));
    }

    [Fact]
    public async Task A_step_without_rows_keeps_its_place_and_has_its_columns()
    {
        Start();
        var handle = await OpenAsync();

        var flushed = await handle.RunAsync<Flushed>(new Flush(
        [
            new StatementStep("", new("select id, note from effects")), Insert(1), new StatementStep("", new("select note from effects")),
            new StatementStep("", new("select 1 where false")), new StatementStep("public.effects", new("delete from effects")),
        ]));

        Assert.Equal([-1L, 1L, -1L, -1L, 1L], flushed.Results.Select(one => one.Affected));
        Assert.Equal([(2, 0), (0, 0), (1, 1), (1, 0), (0, 0)], flushed.Results.Select(one => (one.Rows.Columns.Length, one.Rows.Count)));
        Assert.Equal(2, (await handle.RunAsync("select id, note from effects")).Rows.Columns.Length);
    }

    [Fact]
    public async Task Rows_are_copied_from_arrays_between_other_steps()
    {
        Start();
        var handle = await OpenAsync();
        var copy = new CopyStep("public.effects", "copy effects (id, note) from stdin (format binary)", ["integer", "text"],
            [new Parameter<int[]>([1, 2, 3]), new Parameter<string?[]>(["a", null, "c"])], 3);

        var committed = await handle.CommitAsync(new StatementStep("", new("delete from effects")), copy,
            new StatementStep("", new("update effects set note = 'z' where id = 3")));

        Assert.Equal([0L, 3L, 1L], committed.Results.Select(one => one.Affected));
        Assert.True(committed.TransactionId > 0);
        Assert.Equal("a,-,z", await Sql.ScalarAsync("select string_agg(coalesce(note, '-'), ',' order by id) from effects"));
    }

    [Fact]
    public async Task A_copy_that_fails_fails_the_transaction_and_names_its_step()
    {
        Start();
        var handle = await OpenAsync();
        var copy = new CopyStep("public.effects", "copy effects (id) from stdin (format binary)", ["integer"],
            [new Parameter<int[]>([1, 1])], 2);

        handle.Send(new Flush([Insert(5), copy]));

        var refused = await handle.HearAsync<CommandRefused>();
        Assert.Equal((1, "23505"), (refused.Step, refused.Failure.SqlState));
        await handle.RollbackAsync();
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task A_result_above_its_limit_fails_the_transaction()
    {
        Start();
        var handle = await OpenAsync(new() { ResultBytes = 10_000 });

        await handle.RefusedAsync<ResultTooLarge>("select repeat('x', 100) from generate_series(1, 100000)");

        await handle.RollbackAsync();
        Assert.Equal(1, await handle.AskAsync("select 1"));
    }

    [Fact]
    public async Task With_a_savepoint_for_each_command_one_that_fails_leaves_the_transaction_well()
    {
        Start();
        var handle = await OpenAsync(new() { SavepointPerCommand = true });
        await handle.RunAsync("insert into effects values (1, 'a')");

        await handle.RefusedAsync<StatementFailed>("insert into effects values (1, 'b')");
        handle.Send(new Flush([Insert(2), Insert(2)]));
        Assert.Equal(1, (await handle.HearAsync<CommandRefused>()).Step);

        await handle.CommitAsync(Insert(3));
        Assert.Equal(2, await CountAsync("id in (1, 3)"));
        Assert.Equal(0, await CountAsync("id = 2"));
    }

    [Fact]
    public async Task A_transaction_that_cannot_begin_costs_its_connection_and_not_the_conversation()
    {
        Start(pool: "size = 1, overflow = 0");
        var pid = await PidAsync(await OpenAsync());
        var handle = await OpenAsync(new() { Context = new(Role: "nobody_of_this_name") });

        await handle.RefusedAsync<StatementFailed>("select 1");
        await handle.RefusedAsync<StatementFailed>("select 1");

        Assert.NotEqual(pid, await PidAsync(await OpenAsync()));
    }

    [Fact]
    public async Task A_pool_without_a_connection_refuses_the_statement_and_the_conversation_goes_on()
    {
        Start(pool: "size = 1, overflow = 0");
        var first = await OpenAsync();
        await first.RunAsync("select 1");
        var second = await OpenAsync(new() { Wait = TimeSpan.FromMilliseconds(500) });

        await second.RefusedAsync<PoolExhausted>("select 1");

        await first.RollbackAsync();
        // The connection comes back behind the answer, and the other one waits for it no longer than before.
        await UntilQuietAsync();
        Assert.Equal(2, await second.AskAsync("select 2"));
    }

    [Fact]
    public async Task Conversations_do_not_see_what_others_have_not_committed()
    {
        Start();
        var (one, other) = (await OpenAsync(), await OpenAsync());
        await one.RunAsync("insert into effects values (1, 'a')");

        Assert.Equal(0L, await other.AskAsync("select count(*) from effects"));
        await one.CommitAsync();
        Assert.Equal(1L, await other.AskAsync("select count(*) from effects"));
    }

    [Fact]
    public async Task A_conversation_is_opened_once_however_often_it_is_asked_for()
    {
        Start();
        var handle = await OpenAsync();

        Supervisor.Tell(new OpenSession(handle.Session, handle.Id, "orders", null, ConversationTerms.Default), handle.Probe.Ref);

        Assert.Equal(handle.Actor, (await handle.Probe.ExpectMsgAsync<SessionOpened>()).Actor);
    }

    [Fact]
    public async Task A_database_that_is_not_configured_has_no_conversations()
    {
        Start();
        Supervisor.Tell(new OpenSession(SessionId.Draw(), HandleId.Draw(), "order", null, ConversationTerms.Default), TestActor);

        Assert.IsType<UnknownDatabase>((await ExpectMsgAsync<Refused>()).Failure);
    }

    [Fact]
    public async Task A_conversation_that_is_not_there_cannot_be_joined()
    {
        Start();
        Supervisor.Tell(new JoinSession(SessionId.Draw(), HandleId.Draw()), TestActor);

        Assert.IsType<ConversationGone>((await ExpectMsgAsync<Refused>()).Failure);
    }

    private static async Task<int> PidAsync(Handle handle)
    {
        var pid = (int)(await handle.AskAsync("select pg_backend_pid()"))!;
        await handle.RollbackAsync();
        return pid;
    }
}
