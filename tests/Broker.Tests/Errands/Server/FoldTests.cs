using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Npgsql;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>Reads of one text that share a statement: nobody may be able to tell.</summary>
public sealed class FoldTests : IAsyncLifetime
{
    private const string Schema = """
        create table plain (id int primary key, note text, at timestamptz, day date, price numeric(10,2), key uuid, mark varchar(10), flag bool);
        insert into plain select i, 'note ' || i % 7, '2026-01-01'::timestamptz + i * interval '1 hour', '2026-01-01'::date + i % 10, i * 1.25,
            ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, 'm' || i % 5, i % 2 = 0 from generate_series(1, 200) i;
        analyze plain;
        """;

    private const string Trust =
        """
        broker.pool.size = 1
        broker.packing.trust.functions = ["pg_catalog.pg_sleep", "pg_catalog.pg_terminate_backend", "pg_catalog.pg_backend_pid", "pg_catalog.pg_column_size"]
        """;

    private PackingBroker _broker = null!;

    public async Task InitializeAsync() => _broker = await PackingBroker.StartAsync(Schema, Trust);

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    public static TheoryData<string, Func<int, object[]>> Texts { get; } = new()
    {
        { "select id, note from plain where id = $1", i => [i * 3] },
        { "select * from plain where id = $1 or id = $2 order by id desc", i => [i, i + 50] },
        { "select note, count(*), sum(price) from plain where id > $1 group by note order by 2 desc, 1", i => [i * 10] },
        { "select id from plain where note = $1 order by id limit $2 offset $3; ", i => [$"note {i % 9}", i, 1] },
        { "select id from plain where mark = $1 and flag = $2 order by at desc limit 3 -- $1", i => [$"m{i % 6}", i % 2 == 0] },
        { "with cheap as (select * from plain where price < $1) select max(id), count(*) from cheap", i => [i * 20.5m] },
        { "select '$1', $q$ $1; $q$, id from plain where id = $1", i => [i] },
        { "select p.id, q.id from plain p join plain q on q.id = p.id + $1 where p.id < $2 order by 1, 2", i => [i, 5] },
        { "select id, row_number() over (order by price desc) from plain where day = $1 order by 2", i => [new DateOnly(2026, 1, 1 + i)] },
        { "select id from plain where key = $1", i => [new Guid($"00000000-0000-0000-0000-{i:000000000000}")] },
        { "select count(*) from plain where at between $1 and $2", i =>
            [new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddHours(i * 5)] },
        { "select id from plain where id = $1 and note = 'none'", i => [i] },
        { "values ($1::int, $2::text), (0, 'zero')", i => [i, $"v{i}"] },
        { "select a, a, b from (select id as a, note as b from plain where id between $1 and $1 + 2) x order by a", i => [i] },
        { "select distinct mark from plain where id < $1 union all select $2::text order by 1", i => [i * 4, "end"] },
        { "select price / ($1 - 100000) as ratio from plain where id = $1", i => [i] },
        { "select case when id > $1 then null else id end as it from plain where id < 6 order by id", i => [i] },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Each_caller_gets_what_it_would_have_got_alone(string text, Func<int, object[]> values)
    {
        await _broker.WarmAsync(i => Statement.Of(text, values(i % 8)));
        // The first connection that runs a text learns its columns, and folds from then on.
        for (var round = 0; round < 3; round++)
        {
            var statements = Enumerable.Range(0, 8).Select(i => Statement.Of(text, values(7 - i))).ToArray();
            var (answers, trips) = await PackAsync(statements);
            Assert.Equal([("read_group", 8)], trips);
            for (var i = 0; i < statements.Length; i++)
            {
                Assert.Equal(await DirectlyAsync(text, values(7 - i)), answers[i]);
            }
        }
        Assert.True(await IsFoldedAsync(), $"{text} was never folded");
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task The_shared_statement_keeps_its_plan_for_however_few_callers()
    {
        const string Text = "select id, note from plain where id = $1";
        await _broker.WarmAsync(i => Statement.Of(Text, i));
        for (var round = 0; round < 20; round++)
        {
            await PackAsync([.. Enumerable.Range(1, 2 + (round % 3)).Select(i => Statement.Of(Text, i))]);
        }
        var plansForValues =
            await _broker.RunAsync("select custom_plans from pg_prepared_statements where statement like '%broker\\_fold%'");
        // The server tries five times what a plan for these values brings, then it keeps one for all.
        Assert.Equal("[5]", plansForValues.Rows);
    }

    [Fact]
    public async Task The_columns_are_named_as_alone()
    {
        const string Text = "select $1, $1::int8, note, id as number from plain where id = $1";
        for (var round = 0; round < 12; round++)
        {
            var all = await Task.WhenAll(Enumerable.Range(1, 8).Select(async i =>
                await _broker.Client.Sender.RunAsync(PackingBroker.Pool, Statement.Of(Text, i), _broker.Client.Terms,
                    static reply => (Client.Protocol.Messages.ErrandCompleted)reply, default)));
            Assert.All(all,
                one => Assert.Equal(["?column?", "int8", "note", "number"], one.Rows.Columns.Select(column => column.Description.Name)));
        }
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task An_error_is_told_to_the_one_whose_it_is_and_all_others_are_answered()
    {
        await _broker.WarmAsync(_ => Divide(1));
        for (var round = 0; round < 3; round++)
        {
            var (answers, _) = await PackAsync(Divide(1), Divide(0), Divide(2), Divide(0), Divide(4));
            Assert.Equal(["[100]", "", "[50]", "", "[25]"], answers.Select(answer => answer.Rows));
            Assert.Equal(["", "22012", "", "22012", ""], answers.Select(answer => answer.SqlState));
            await _broker.AssertWholeAsync();
        }
    }

    [Theory]
    [InlineData("select max($1), count(*) from plain where id <> $1")]
    [InlineData("select id from plain where id = $1 and broker_fold_1 = 2")]
    [InlineData("select id from plain where id = $1 and broker_fol = 2")]
    public async Task What_the_server_does_not_understand_in_a_fold_runs_as_if_there_were_none(string text)
    {
        for (var round = 0; round < 6; round++)
        {
            var (answers, _) = await PackAsync([.. Enumerable.Range(1, 6).Select(i => Statement.Of(text, i))]);
            for (var i = 0; i < answers.Length; i++)
            {
                Assert.Equal(await DirectlyAsync(text, [i + 1]), answers[i]);
            }
        }
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_table_that_gets_another_column_is_read_with_it()
    {
        const string Text = "select * from changing where id = $1";
        await _broker.DirectlyAsync("create table changing as select i as id from generate_series(1, 20) i");
        await _broker.WarmAsync(i => Statement.Of(Text, 1 + (i % 8)));
        await PackAsync([.. Enumerable.Range(1, 8).Select(i => Statement.Of(Text, i))]);
        foreach (var change in (string[])["add note text default 'new'", "alter id type bigint", "rename note to remark", "drop remark"])
        {
            await _broker.DirectlyAsync($"alter table changing {change}");
            for (var round = 0; round < 3; round++)
            {
                var (answers, _) = await PackAsync([.. Enumerable.Range(1, 8).Select(i => Statement.Of(Text, i))]);
                for (var i = 0; i < answers.Length; i++)
                {
                    Assert.Equal(await DirectlyAsync(Text, [i + 1]), answers[i]);
                }
            }
        }
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task When_the_server_ends_the_connection_with_a_word_all_of_a_fold_are_answered_by_another()
    {
        await _broker.WarmAsync(i => Sleep(i, 0));
        var answers = await _broker.StartTogetherAsync((_broker.Client, Sleep(1, 0)), (_broker.Client, Sleep(2, 600)),
            (_broker.Client, Sleep(3, 0)));
        await _broker.UntilDirectlyAsync(
            "select exists (select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database())");
        var first = await _broker.AskDirectlyAsync<int>($"select pid {Asleep}");
        await _broker.DirectlyAsync($"select pg_terminate_backend({first})");
        // Which of them it was, only their running alone shows: the one that sleeps is ended once more, and is told then.
        await _broker.UntilDirectlyAsync($"select exists (select {Asleep} and pid <> {first})");
        await _broker.DirectlyAsync($"select pg_terminate_backend(pid) {Asleep}");
        Assert.Equal(["[1]", "[3]"], (await Task.WhenAll(answers[0], answers[2])).Select(answer => answer.Rows));
        Assert.True(Assert.IsType<ConnectionLost>((await answers[1]).Failure).SafeToRetry);
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task An_answer_above_the_reply_limit_comes_alone_and_whole()
    {
        await _broker.WarmAsync(_ => Statement.Of("select repeat('x', $1)", 1));
        foreach (var large in (int[])[200_000, 5_000_000])
        {
            var (answers,
                _) = await PackAsync([.. ((int[])[1, large, 2]).Select(length => Statement.Of("select repeat('x', $1)", length))]);
            Assert.Equal([1, large, 2], answers.Select(answer => answer.Rows.Length - 2));
            await _broker.AssertWholeAsync();
        }
    }

    [Fact]
    public async Task Texts_and_types_that_differ_share_the_trip_but_not_the_statement()
    {
        await _broker.WarmAsync(i => Statement.Of("select note from plain where id = $1", i % 8));
        await _broker.WarmAsync(i => Statement.Of("select price from plain where id = $1", i % 8));
        var ways = new Func<int, Statement>[]
        {
            i => Statement.Of("select note from plain where id = $1", i),
            i => Statement.Of("select price from plain where id = $1", i),
            i => Statement.Of("select note from plain where id = $1", (long)i),
            _ => Statement.Of("select note from plain where id = $1", Parameter.Null<int>()),
        };
        for (var round = 0; round < 4; round++)
        {
            var statements = Enumerable.Range(1, 16).Select(i => ways[(i * 7 / 3) % ways.Length](i)).ToArray();
            var (answers, trips) = await PackAsync(statements);
            // A machine that stops for a moment makes them two; each text is there four times.
            Assert.All(trips, static trip => Assert.Equal("read_group", trip.Shape));
            Assert.Equal(16, trips.Sum(static trip => trip.Members));
            Assert.InRange(trips.Max(static trip => trip.Members), 5, 16);
            for (var i = 0; i < statements.Length; i++)
            {
                Assert.Equal(await PackingBroker.RunAsync(_broker.Client, statements[i]), answers[i]);
            }
        }
    }

    [Fact]
    public async Task A_context_holds_for_a_fold_as_for_anyone()
    {
        var hurried = _broker.Client.With(new CallerContext { StatementTimeout = TimeSpan.FromMilliseconds(500) });
        await _broker.WarmAsync(i => Sleep(i, 0));
        await _broker.WarmAsync(i => Sleep(i, 0), hurried);
        for (var round = 0; round < 2; round++)
        {
            var answers = await _broker.TogetherAsync((hurried, Sleep(1, 0)), (_broker.Client, Sleep(2, 0.8)), (hurried, Sleep(3, 60)),
                (hurried, Sleep(4, 0)));
            Assert.Equal(["[1]", "[2]", "", "[4]"], answers.Select(answer => answer.Rows));
            Assert.Equal("57014", answers[2].SqlState);
        }
        await _broker.AssertWholeAsync();
    }

    private const string Asleep = "from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";

    private static Statement Divide(int by) => Statement.Of("select 100 / $1::int as part", by);

    private static Statement Sleep(int number, double seconds) =>
        Statement.Of("select $1::int as number from pg_sleep($2)", number, seconds);

    private Task<(Answer[] Answers, (string Shape, int Members)[] Trips)> PackAsync(params Statement[] statements) =>
        _broker.PackAsync([.. statements.Select(statement => (_broker.Client, statement))]);

    private async Task<Answer> DirectlyAsync(string text, object[] values)
    {
        await using var command = _broker.Server.CreateCommand(text);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        return await Answer.OfAsync(command);
    }

    /// <summary>Whether the pool's connections have prepared a folded text.</summary>
    private async Task<bool> IsFoldedAsync()
    {
        var folded = await _broker.RunAsync("select count(*) from pg_prepared_statements where statement like '%broker\\_fold%'");
        return folded.Rows != "[0]";
    }
}
