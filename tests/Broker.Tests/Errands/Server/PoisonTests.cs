using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>
/// A poisoned connection: what one caller's value or a changed table does to those who share its trip and those who come next.
/// </summary>
public sealed class PoisonTests : IAsyncLifetime
{
    private const string Schema = """
        create table things (id int primary key, name text);
        insert into things select i, 'thing ' || i from generate_series(1, 20) i;
        """;

    private PackingBroker _broker = null!;

    public async Task InitializeAsync() => _broker = await PackingBroker.StartAsync(Schema);

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    /// <summary>
    /// Values that spoil: those nothing can write, those that the server refuses when it reads the text, the values, or runs it.
    /// </summary>
    public static TheoryData<string, bool> Bad
    {
        get
        {
            var all = new TheoryData<string, bool>();
            foreach (var kind
                in new[] { "half a surrogate pair", "a local time", "another type", "no number", "too large",
                    "a column that is not there" })
            {
                all.Add(kind, false);
                all.Add(kind, true);
            }
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_bad_value_first_in_the_middle_or_last_fails_its_caller_alone_and_leaves_the_connection_good(string kind, bool warm)
    {
        await _broker.WarmAsync(_ => Good(1));
        for (var place = 0; place < 3; place++)
        {
            if (!warm)
            {
                await _broker.Client.InvalidateAsync(PackingBroker.Pool);
            }
            for (var round = 0; round < 2; round++)
            {
                var bad = place;
                var answers = await _broker.TogetherAsync([.. Enumerable.Range(0, 3).Select(i => i == bad ? Spoilt(kind) : Good(i + 1))]);
                Assert.Equal(Expected(kind), answers[bad].Failure is StatementFailed failed ? failed.SqlState : answers[bad].Failure?.Code);
                Assert.All(answers.Where((_, i) => i != bad), (answer, _) => Assert.Equal("", answer.SqlState));
                await _broker.AssertWholeAsync();
            }
        }
    }

    [Fact]
    public async Task The_same_text_with_values_of_other_types_is_right_for_everybody()
    {
        await _broker.WarmAsync(_ => Statement.Of("select $1", 1));
        for (var round = 0; round < 3; round++)
        {
            var answers = await _broker.TogetherAsync(
                Statement.Of("select $1", 1), Statement.Of("select $1", "one"), Statement.Of("select $1", 1.5m),
                    Statement.Of("select $1", Parameter.Null<int>()));
            Assert.Equal(["[1]", "[one]", "[1.5]", "[NULL]"], answers.Select(answer => answer.Rows));
        }
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task An_empty_text_answers_nothing_as_the_server_does()
    {
        for (var round = 0; round < 3; round++)
        {
            Assert.All(await _broker.TogetherAsync("", " ", "-- nothing"), answer => Assert.Equal(new Answer("", -1, ""), answer));
        }
        await _broker.AssertWholeAsync();
    }

    [Theory]
    [InlineData("alter table things add column more int default 1")]
    [InlineData("alter table things alter column name type varchar(50)")]
    [InlineData("alter table things alter column id type bigint")]
    [InlineData(
        "drop table things; create table things as select i as id, 'thing ' || i as name, 2 as other from generate_series(1, 20) i")]
    public async Task A_table_that_changes_makes_no_caller_hear_of_plans_that_were_made_before(string change)
    {
        const string Text = "select * from things where id = $1";
        await _broker.WarmAsync(_ => Statement.Of(Text, 1));
        // All connections have it prepared.
        for (var round = 0; round < 4; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => _broker.RunAsync(Text, 1)));
        }
        await _broker.DirectlyAsync(change);
        for (var round = 0; round < 4; round++)
        {
            var answers = await _broker.TogetherAsync([.. Enumerable.Range(1, 4).Select(i => Statement.Of(Text, i))]);
            Assert.Equal(["", "", "", ""], answers.Select(answer => answer.SqlState));
            Assert.Equal(Enumerable.Range(1, 4).Select(i => $"[{i},thing {i}"),
                answers.Select(answer => string.Join(',', answer.Rows.TrimEnd(']').Split(',')[..2])));
        }
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_statement_alone_whose_table_changed_is_right_too_and_a_write_takes_effect_once()
    {
        const string Text = "insert into things values ($1, $2) returning *, random() < 2";
        for (var i = 100; i < 112; i++)
        {
            Assert.Equal($"[{i},x,True]", (await _broker.RunAsync(Text, i, "x")).Rows);
        }
        await _broker.DirectlyAsync("alter table things add column more int default 1");
        Assert.Equal("[200,x,1,True]", (await _broker.RunAsync(Text, 200, "x")).Rows);
        Assert.Equal("23505", (await _broker.RunAsync(Text, 200, "x")).SqlState);
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task Tables_change_under_load_and_every_answer_is_right_and_no_change_is_killed()
    {
        await _broker.WarmAsync(_ => Good(1));
        await _broker.WarmAsync(_ => Statement.Of("update things set name = name where id = $1", 1));
        using var over = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 24).Select(async caller =>
        {
            var id = (caller % 20) + 1;
            var count = 0;
            while (!over.IsCancellationRequested)
            {
                var (read, changed) = (await _broker.RunAsync("select * from things where id = $1", id),
                    await _broker.RunAsync("update things set name = name where id = $1", id));
                Assert.StartsWith($"[{id},thing {id}", read.Rows, StringComparison.Ordinal);
                Assert.Equal(1, changed.Affected);
                count++;
            }
            return count;
        }).ToArray();
        // A migration that the broker killed would throw here.
        for (var i = 0; i < 4; i++)
        {
            await _broker.DirectlyAsync($"alter table things add column more{i} int default 1");
            await _broker.DirectlyAsync($"alter table things alter column name type {(i % 2 == 0 ? "varchar(40)" : "text")}");
            await _broker.DirectlyAsync($"alter table things drop column more{i}");
        }
        await over.CancelAsync();
        Assert.All(await Task.WhenAll(callers), count => Assert.True(count > 0));
        Assert.Contains(_broker.Trips, trip => trip.Members > 1);
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_stale_plan_costs_the_connection_its_place_but_no_caller_its_answer()
    {
        const string Text = "select * from things where id = 1";
        // With one connection, the one that has prepared the text is the one that runs it.
        await using var broker = PackingBroker.StartOn(_broker.ConnectionString, "broker.pool.size = 1");
        await broker.WarmAsync(Text);
        await broker.PackAsync(Text, Text);
        await broker.PackAsync(Text, Text);
        var before = broker.Counted("broker.connection.closed");
        await broker.DirectlyAsync("alter table things add column more int");
        Assert.Equal(["[1,thing 1,NULL]", "[1,thing 1,NULL]"], (await broker.TogetherAsync(Text, Text)).Select(answer => answer.Rows));
        await broker.UntilAsync(_ => broker.Counted("broker.connection.closed") - before is >= 1 and <= 3);
    }

    [Fact]
    public async Task A_trigger_that_is_added_later_sends_its_table_alone_from_the_next_recheck_on()
    {
        await using var broker = await PackingBroker.StartAsync(Schema, "broker.packing.recheck = 100ms");
        await broker.WarmAsync(i => Statement.Of("insert into things values ($1)", 100 + i));
        await broker.DirectlyAsync("""
            create function noop() returns trigger language plpgsql as 'begin return new; end';
            create trigger later before insert on things for each row execute function noop();
            """);
        var id = 1000;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        // Each look at the text after the recheck's time asks anew; from then on they are alone.
        while (true)
        {
            var (_, trips) = await broker.PackAsync([.. Enumerable.Range(0, 3)
                .Select(_ => (broker.Client, Statement.Of("insert into things values ($1)", id++)))]);
            if (trips.All(trip => trip.Members == 1))
            {
                break;
            }
            limit.Token.ThrowIfCancellationRequested();
        }
        var (_, after) = await broker.PackAsync([.. Enumerable.Range(0, 3)
            .Select(_ => (broker.Client, Statement.Of("insert into things values ($1)", id++)))]);
        Assert.Equal([("alone", 1), ("alone", 1), ("alone", 1)], after);
    }

    private static Statement Good(int id) => Statement.Of("select * from things where id = $1", id);

    private static Statement Spoilt(string kind) => kind switch
    {
        "half a surrogate pair" => new("select * from things where name = $1", [new Parameter<string>("\ud800")]),
        "a local time" => new("select $1 < now()", [new Parameter<DateTime>(new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Local))]),
        "another type" => Statement.Of("select * from things where id = $1", "one"),
        "no number" => Statement.Of("select $1::text::int", "one"),
        "too large" => Statement.Of("select $1::bigint::int", long.MaxValue),
        _ => Statement.Of("select nothing from things where id = $1", 1),
    };

    private static string Expected(string kind) => kind switch
    {
        "half a surrogate pair" or "a local time" => "parameter-refused",
        "another type" => "42883",
        "no number" => "22P02",
        "too large" => "22003",
        _ => "42703",
    };
}
