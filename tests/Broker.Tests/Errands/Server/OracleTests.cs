using Broker.Client.Protocol.Values;
using Broker.Errands;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>
/// Random statements of many callers, packed by the broker on one database and alone on another: every caller hears the same and the tables
/// end the same. Each caller has keys of its own, and its statements touch no others, except such as always come out alike; so what it may
/// hear does not depend on who else is there.
/// </summary>
public sealed class OracleTests
{
    private const int Callers = 24;
    private const int Statements = 40;

    private const string Schema = """
        create table items (caller int, id int, amount int not null check (amount < 1000), note text, primary key (caller, id));
        create table orders (caller int, id int, item int, foreign key (caller, item) references items (caller, id) deferrable initially deferred);
        create table totals (caller int primary key, total bigint not null);
        insert into totals select i, 0 from generate_series(0, 23) i;
        create table known (id int primary key, word text unique);
        insert into known select i, 'word ' || i from generate_series(1, 50) i;
        create function stamp(i int) returns int language plpgsql as 'begin return i * 2; end';
        """;

    private static readonly string[] Tables = ["items", "orders", "totals", "known"];

    [Theory]
    [InlineData(1)]
    [InlineData(20261124)]
    [InlineData(77)]
    public Task Statements_of_many_callers_packed_answer_as_each_alone_would(int seed) => CompareAsync(seed);

    [Fact]
    public Task Statements_of_many_callers_packed_answer_as_each_alone_would_with_a_seed_of_the_day() => CompareAsync(Random.Shared.Next());

    private static async Task CompareAsync(int seed)
    {
        await using var broker = await PackingBroker.StartAsync(Schema);
        await using var oracle = NpgsqlDataSource.Create(await SharedPostgres.CreateDatabaseAsync());
        await using (var create = oracle.CreateCommand(Schema))
        {
            await create.ExecuteNonQueryAsync();
        }
        var scripts = Enumerable.Range(0, Callers).Select(caller => Script(new Random(seed + (caller * 7919)), caller)).ToArray();

        var packed = await Task.WhenAll(scripts.Select(script => Task.Run(async () =>
        {
            var answers = new List<Answer>();
            foreach (var statement in script)
            {
                answers.Add(await PackingBroker.RunAsync(broker.Client, statement));
            }
            return answers;
        })));
        for (var caller = 0; caller < Callers; caller++)
        {
            for (var i = 0; i < Statements; i++)
            {
                await using var command = oracle.CreateCommand(scripts[caller][i].Text);
                command.Parameters.AddRange(StatementBinder.ParametersOf(scripts[caller][i]));
                var alone = await Answer.OfAsync(command);
                Assert.True(alone == packed[caller][i],
                    $"seed {seed}, caller {caller}, statement {i}: {scripts[caller][i].Text}\nalone:  {alone}\npacked: {packed[caller][i]}");
            }
        }
        foreach (var table in Tables)
        {
            var contents = $"select coalesce(string_agg(t::text, ';' order by t::text), '') from {table} t";
            await using var alone = oracle.CreateCommand(contents);
            Assert.True((string)(await alone.ExecuteScalarAsync())! == await broker.AskDirectlyAsync<string>(contents),
                $"seed {seed}: {table} ended otherwise");
        }
        await broker.UntilIdleAsync();
        // Else it would have proven nothing.
        Assert.True(broker.Trips.Count(trip => trip is { Shape: "read_group", Members: > 2 }) >= 5,
            $"seed {seed}: hardly a group of reads");
        Assert.True(broker.Trips.Count(trip => trip is { Shape: "write_group", Members: > 2 }) >= 5,
            $"seed {seed}: hardly a group of writes");
        Assert.True(broker.Counted("broker.errand.rerun") > 0, $"seed {seed}: no group ever failed");
        await broker.AssertWholeAsync();
    }

    private static Statement[] Script(Random random, int caller) => [.. Enumerable.Range(0, Statements).Select(_ => Next(random, caller))];

    private static Statement Next(Random random, int caller)
    {
        var id = random.Next(6);
        var amount = random.Next(1, 100);
        return random.Next(100) switch
        {
            < 18 => Statement.Of("insert into items values ($1, $2, $3, $4) returning id, amount", caller, id, amount, $"note {amount}"),
            < 26 => Statement.Of("update items set amount = amount + $3 where caller = $1 and id = $2 returning amount", caller,
                id, amount),
            < 30 => Statement.Of("delete from items where caller = $1 and id = $2", caller, id),
            < 36 => Statement.Of("update totals set total = total + $2 where caller = $1 returning total", caller, amount),
            < 40 => Statement.Of("insert into orders values ($1, $2, $3)", caller, amount, id),
            < 52 => Statement.Of("select id, amount, note from items where caller = $1 order by id", caller),
            < 58 => Statement.Of("select total from totals where caller = $1", caller),
            < 70 => Statement.Of("select word from known where id = $1", amount),
            < 74 => Statement.Of("select count(*), sum(amount), max(note) from items where caller = $1", caller),
            < 77 => Statement.Of("insert into items values ($1, $2, 1000)", caller, id),
            < 79 => Statement.Of("insert into items values ($1, $2, $3)", caller, id, Parameter.Null<int>()),
            < 81 => Statement.Of("insert into known values ($1, 'again')", 1 + (amount % 50)),
            < 84 => Statement.Of("select $1::int / ($1 - 5)", id),
            < 86 => Statement.Of("select $1::text::int", id < 3 ? "12" : "twelve"),
            < 87 => Statement.Of("select word from known where id = $1", "one"),
            < 88 => new("select nothing at all"),
            < 90 => Statement.Of("select stamp($1)", id),
            < 92 => Statement.Of("insert into items values ($1, $2, 1, 'up') on conflict (caller, id) do update set amount = items.amount + 1 returning amount", caller, id),
            < 94 => Statement.Of("select repeat('x', $1)", random.Next(3) == 0 ? 90_000 : id),
            < 96 => Statement.Of("select i, $1::text from generate_series(1, $2::int) i", $"{caller}", id),
            < 98 => Statement.Of("update known set word = word where id = $1", amount),
            _ => Statement.Of("with gone as (delete from orders where caller = $1 returning id) select count(*) from gone", caller),
        };
    }
}
