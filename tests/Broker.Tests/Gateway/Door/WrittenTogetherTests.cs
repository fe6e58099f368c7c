using System.Text;
using System.Text.RegularExpressions;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.Postgres;
using Broker.Tests.Gateway.Links;
using Broker.Tests.Gateway.Wire;
using Npgsql;
using Xunit;
using static Broker.Tests.Gateway.Door.Talk;

namespace Broker.Tests.Gateway.Door;

/// <summary>
/// Writes of several clients in one transaction: of those for whom there is no link. Each is told what it would be told alone, and never
/// before it is true. A client that holds the only link makes the others wait for it, and travel together when it is done.
/// </summary>
public sealed partial class WrittenTogetherTests
{
    private const string OneLink = "size = 1, overflow = 0";
    private const int Clients = 24;

    [Fact]
    public async Task Who_waits_for_a_link_travels_together_and_who_need_not_goes_alone()
    {
        await using var stage = await OpenAsync("create table kept (n int)");
        await stage.LearnAsync("insert into kept values (0)");
        await stage.TogetherAsync(("insert into kept values (1)", "INSERT 0 1"), ("insert into kept values (2)", "INSERT 0 1"));
        await stage.TogetherAsync(("insert into kept values (3)", "INSERT 0 1"));

        Assert.Equal("true,false", await stage.AskAsync(
            "select (min(xmin::text) filter (where n = 1) = min(xmin::text) filter (where n = 2))::text || ',' || (min(xmin::text) filter (where n = 1) = min(xmin::text) filter (where n = 3))::text from kept"));
    }

    [Fact]
    public async Task A_query_is_answered_by_what_a_server_answers_to_a_query_and_nothing_else()
    {
        await using var stage = await OpenAsync("create table kept (n int)");
        string[] texts = ["insert into kept values (0)", "insert into kept values (0) returning n"];
        await stage.LearnAsync(texts);

        await stage.HoldAsync();
        await stage.SendAsync(stage.First, texts[0]);
        await stage.SendAsync(stage.Second, texts[1]);
        await stage.Holder.SendAsync(Text("commit"));
        Assert.Equal([nameof(CommandComplete), nameof(ReadyForQuery)],
            (await stage.First.ReceiveToReadyAsync()).Select(static message => message.GetType().Name));
        Assert.Equal(
            [nameof(RowDescription), nameof(DataRow), nameof(CommandComplete), nameof(ReadyForQuery)],
            (await stage.Second.ReceiveToReadyAsync()).Select(static message => message.GetType().Name));
    }

    [Fact]
    public async Task One_that_fails_is_told_its_own_error_and_the_others_of_none()
    {
        await using var stage = await OpenAsync("create table kept (n int primary key)");
        await stage.LearnAsync("insert into kept values (0)");

        await stage.TogetherAsync(("insert into kept values (0)", "23505"), ("insert into kept values (1)", "INSERT 0 1"));
        await stage.TogetherAsync(("insert into kept values (2)", "INSERT 0 1"), ("insert into kept values (2)", "23505"));
        await stage.TogetherAsync(("insert into kept values (3)", "INSERT 0 1"), ("insert into kept values (4)", "INSERT 0 1"));
        Assert.Equal("0,1,2,3,4", await stage.AskAsync("select string_agg(n::text, ',' order by n) from kept"));
    }

    [Fact]
    public async Task No_neighbour_mends_what_alone_would_be_refused_at_the_commit()
    {
        await using var stage = await OpenAsync(
            "create table parent (n int primary key); create table child (n int references parent deferrable initially deferred)");
        await stage.LearnAsync("insert into parent values (0)", "insert into child values (0)");

        await stage.TogetherAsync(("insert into child values (1)", "23503"), ("insert into parent values (1)", "INSERT 0 1"));
        Assert.Equal("1", await stage.AskAsync("select count(*)::text from child"));
    }

    [Fact]
    public async Task One_that_would_wait_for_a_lock_holds_nobody_up()
    {
        await using var stage = await OpenAsync("create table kept (n int primary key, v int); insert into kept values (1, 0), (2, 0)");
        await stage.LearnAsync("update kept set v = v + 1 where n = 2");
        await using var direct = await stage.Door.GoRoundAsync();
        await using var locking = await direct.BeginTransactionAsync();
        await direct.ScalarAsync("update kept set v = 10 where n = 1");

        await stage.HoldAsync();
        await stage.SendAsync(stage.First, "update kept set v = v + 1 where n = 1");
        await stage.SendAsync(stage.Second, "update kept set v = v + 1 where n = 2");
        await stage.Holder.SendAsync(Text("commit"));
        await stage.Holder.ReceiveToReadyAsync();
        // the pool has one link, and the first takes it to wait
        await Eventually.SucceedsAsync(async () => Assert.Equal(1L, await direct.ScalarAsync("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")));
        await locking.CommitAsync();

        Assert.Equal("UPDATE 1", AnswerIn(await stage.First.ReceiveToReadyAsync()));
        Assert.Equal("UPDATE 1", AnswerIn(await stage.Second.ReceiveToReadyAsync()));
        Assert.Equal("11,2", await stage.AskAsync("select string_agg(v::text, ',' order by n) from kept"));
    }

    [Fact]
    public async Task A_cancel_of_one_that_has_not_begun_undoes_it_and_no_other()
    {
        await using var stage = await OpenAsync("create table kept (n int)");
        await stage.LearnAsync("insert into kept values (0)");
        await stage.HoldAsync();
        await stage.SendAsync(stage.First, "insert into kept values (1)");
        await stage.SendAsync(stage.Second, "insert into kept values (2)");
        using var end = new CancellationTokenSource();
        var cancelling = RawConnection.CancelUntilAsync(stage.Door.Port, stage.Key, end.Token);

        Assert.Equal("57014", AnswerIn(await stage.First.ReceiveToReadyAsync()));
        await end.CancelAsync();
        await cancelling;
        await stage.Holder.SendAsync(Text("commit"));
        Assert.Equal("INSERT 0 1", AnswerIn(await stage.Second.ReceiveToReadyAsync()));
        await stage.Holder.ReceiveToReadyAsync();
        Assert.Equal("0,2", await stage.AskAsync("select string_agg(n::text, ',' order by n) from kept"));
    }

    [Fact]
    public async Task What_comes_back_from_prepared_writes_is_each_clients_own()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 2, overflow = 0");
        await using var direct = await door.GoRoundAsync();
        await direct.ScalarAsync(
            "create table kept (id int generated always as identity primary key, client int, n int, unique (client, n))");
        const int Rounds = 40;

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            await using var connection = await door.ConnectAsync();
            await using var insert = new NpgsqlCommand("insert into kept (client, n) values ($1, $2) returning client * 1000 + n",
                connection)
            {
                Parameters = { new NpgsqlParameter<int> { TypedValue = client }, new NpgsqlParameter<int>() },
            };
            await insert.PrepareAsync();
            for (var round = 0; round < Rounds; round++)
            {
                ((NpgsqlParameter<int>)insert.Parameters[1]).TypedValue = round;
                Assert.Equal((client * 1000) + round, await insert.ExecuteScalarAsync());
                // what it wrote it reads
                Assert.Equal((long)round + 1, await connection.ScalarAsync($"select count(*) from kept where client = {client}"));
                if (round % 8 == 0)
                {
                    Assert.Equal("23505", (await Assert.ThrowsAsync<PostgresException>(() => insert.ExecuteScalarAsync())).SqlState);
                }
            }
        }))).WaitAsync(TimeSpan.FromMinutes(2));

        Assert.Equal((long)Clients * Rounds, await direct.ScalarAsync("select count(*) from kept"));
        // some shared a transaction, else this shows nothing
        Assert.True((bool)(await direct.ScalarAsync("select count(distinct xmin::text) < count(*) from kept"))!);
    }

    [Fact]
    public async Task A_link_that_is_killed_under_a_group_loses_nothing_and_doubles_nothing()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 2, overflow = 0");
        await using var direct = await door.GoRoundAsync();
        await direct.ScalarAsync("create table kept (client int, n int)");
        using var stop = new CancellationTokenSource();
        var sure = new int[Clients];
        var open = new int[Clients];
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            NpgsqlConnection? connection = null;
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    connection ??= await door.ConnectAsync();
                    await using var command = new NpgsqlCommand($"insert into kept values ({client}, {sure[client] + open[client]})",
                        connection);
                    Assert.Equal(1, await command.ExecuteNonQueryAsync());
                    Interlocked.Increment(ref sure[client]);
                }
                catch (NpgsqlException)
                {
                    // whether it is there or not is not promised; twice it never is
                    Interlocked.Increment(ref open[client]);
                    await (connection?.DisposeAsync() ?? default);
                    connection = null;
                }
            }
            await (connection?.DisposeAsync() ?? default);
        })).ToArray();

        for (var (kills, together) = (0, 0L); kills < 10;)
        {
            // each is to come while statements travel together, which they do once the catalogue has answered for them
            var (before, beforeTogether) = (sure.Sum(), together);
            await Eventually.SucceedsAsync(async () =>
            {
                together = (long)(await direct.ScalarAsync("select count(*) - count(distinct xmin::text) from kept"))!;
                Assert.True(sure.Sum() > before + 100 && together > beforeTogether);
            });
            kills += (int)(long)(await direct.ScalarAsync(
                "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database() and state = 'active' limit 1) one"))!;
        }
        await stop.CancelAsync();
        await Task.WhenAll(clients).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(0L,
            await direct.ScalarAsync("select count(*) from (select 1 from kept group by client, n having count(*) > 1) doubled"));
        var rows = (long)(await direct.ScalarAsync("select count(*) from kept"))!;
        Assert.InRange(rows, sure.Sum(), sure.Sum() + open.Sum());
    }

    [Fact]
    public async Task A_group_whose_connection_is_cut_is_settled_before_anybody_is_told_or_runs_again()
    {
        const string Insert = "insert into kept select n from generate_series(1, 60000) n";
        const string Other = "insert into kept select n + 1 from generate_series(1, 60000) n";
        var database = await SharedPostgres.CreateDatabaseAsync();
        var (isGroup, cuts) = (false, 0);
        await using var between = new Relay(database)
        {
            Change = said =>
            {
                isGroup |= said.Contains($"{Insert}\0", StringComparison.Ordinal) && said.Contains($"{Other}\0", StringComparison.Ordinal);
                return said;
            },
            // behind the row of two columns that tells the id of the transaction
            CutsBehind = said => isGroup && cuts == 0 && IdRow().IsMatch(said) && ++cuts == 1,
        };
        await using var stage = await OpenAsync("create table kept (n int)", between.ConnectionString);
        await stage.LearnAsync(Insert, Other);
        await stage.AskAsync("select 1");

        await stage.HoldAsync();
        await stage.SendAsync(stage.First, Other);
        await stage.SendAsync(stage.Second, Insert);
        await stage.Holder.SendAsync(Text("commit"));
        var answers = new[] { await stage.First.ReceiveToReadyAsync(), await stage.Second.ReceiveToReadyAsync() };

        // committed before it was found, and its answers lost; or rolled back, and run again
        Assert.Equal(1, cuts);
        Assert.All(answers, static answer => Assert.True(AnswerIn(answer) is "INSERT 0 60000" or "08006", AnswerIn(answer)));
        await using var direct = new NpgsqlConnection(database);
        await direct.OpenAsync();
        Assert.Equal(4 * 60_000L, await direct.ScalarAsync("select count(*) from kept"));
    }

    [Fact]
    public async Task Nothing_is_carried_out_twice_where_the_session_of_the_carrier_cannot_be_set_up()
    {
        await using var between = new Relay(await SharedPostgres.CreateDatabaseAsync())
            { Change = static said => said.Replace("SET lock_timeout", "SET luck_timeout", StringComparison.Ordinal) };
        await using var stage = await OpenAsync("create table kept (n int)", between.ConnectionString);
        await stage.LearnAsync("insert into kept values (0)");

        for (var n = 1; n < 10; n += 2)
        {
            await stage.TogetherAsync(($"insert into kept values ({n})", "INSERT 0 1"),
                ($"insert into kept values ({n + 1})", "INSERT 0 1"));
        }
        Assert.Equal("0,1,2,3,4,5,6,7,8,9,10", await stage.AskAsync("select string_agg(n::text, ',' order by n) from kept"));
    }

    [Fact]
    public async Task A_group_whose_wait_for_a_standby_was_cut_short_is_told_when_the_standby_has_it_and_not_before()
    {
        await using var server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        await using var stage = await OpenAsync("create table kept (n int)", server.ConnectionString(),
            "packing { target = 50ms, trip-limit = 1500ms }");
        await using var direct = await stage.Door.GoRoundAsync();
        await direct.ScalarAsync("alter database postgres set synchronous_commit = on");
        await stage.LearnAsync("insert into kept values (0)");
        await direct.ScalarAsync("alter system set synchronous_standby_names = 'nobody'");
        await direct.ScalarAsync("select pg_reload_conf()");
        await Eventually.SucceedsAsync(async () =>
            Assert.Equal("nobody", await stage.AskAsync("select current_setting('synchronous_standby_names')")));

        await stage.HoldAsync();
        await stage.SendAsync(stage.First, "insert into kept values (1)");
        await stage.SendAsync(stage.Second, "insert into kept values (2)");
        await stage.Holder.SendAsync(Text("commit"));
        var answers = new[] { stage.First.ReceiveToReadyAsync(), stage.Second.ReceiveToReadyAsync() };
        // what waits for a standby is seen by nobody; the cancel of the overdue trip ends that wait, and another begins
        await Eventually.SucceedsAsync(async () => Assert.Equal(2L, await direct.ScalarAsync("select count(*) from kept where n > 0")));
        await Eventually.SucceedsAsync(async () =>
            Assert.Equal(1L, await direct.ScalarAsync("select count(*) from pg_stat_activity where wait_event = 'SyncRep'")));
        Assert.All(answers, static answer => Assert.False(answer.IsCompleted));

        await direct.ScalarAsync("alter system reset synchronous_standby_names");
        await direct.ScalarAsync("select pg_reload_conf()");
        Assert.All(await Task.WhenAll(answers), static answer => Assert.Equal("INSERT 0 1", AnswerIn(answer)));
        Assert.Equal(2L, await direct.ScalarAsync("select count(*) from kept where n > 0"));
    }

    private static async Task<Stage> OpenAsync(string sql, string? at = null, string database = "")
    {
        var door = await DoorStage.OpenAsync(pool: OneLink, at: at, database: database);
        await using var direct = await door.GoRoundAsync();
        await direct.ScalarAsync(sql);
        var first = await RawConnection.ConnectAsync(door.Port);
        var (login, _) = await first.LoginAsync(new NpgsqlConnectionStringBuilder(door.Direct).Username!, Credential.None,
            database: "shop");
        return new(door, await door.SpeakAsync(), first, login.Key!, await door.SpeakAsync());
    }

    [GeneratedRegex("D\0\0\0.\0\u0002", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex IdRow();

    private static string AnswerIn(List<IBackendMessage> answer) => answer.Select(static message => message switch
    {
        CommandComplete complete => complete.Tag.ToString(),
        ErrorResponse error => error.SqlState,
        _ => null,
    }).First(static one => one is not null)!;

    private sealed record Stage(DoorStage Door, RawConnection Holder, RawConnection First, BackendKeyData Key, RawConnection Second)
        : IAsyncDisposable
    {
        /// <summary>Runs texts, each by itself, until the catalogue was asked about them.</summary>
        internal async Task LearnAsync(params string[] texts)
        {
            foreach (var text in texts)
            {
                await First.SendAsync(Text(text));
                Assert.DoesNotContain(await First.ReceiveToReadyAsync(), static message => message is ErrorResponse);
            }
            // a lesson takes the link when it is free: who gets it behind that finds it learned
            for (var i = 0; i < 3; i++)
            {
                await HoldAsync();
                await Holder.SendAsync(Text("commit"));
                await Holder.ReceiveToReadyAsync();
            }
        }

        internal async Task HoldAsync()
        {
            await Holder.SendAsync(Text("begin; select 1"));
            await Holder.ReceiveToReadyAsync();
        }

        /// <summary>Sends a text that has to wait; it has come when this is done.</summary>
        internal async Task SendAsync(RawConnection client, string sql)
        {
            await client.SendAsync(Text(sql));
            // who has the link is heard later
            await Holder.SendAsync(Text("select 1"));
            await Holder.ReceiveToReadyAsync();
        }

        /// <summary>The clients' writes come while there is no link, in this order.</summary>
        internal async Task TogetherAsync(params (string Sql, string Answer)[] writes)
        {
            var clients = new[] { First, Second };
            await HoldAsync();
            for (var i = 0; i < writes.Length; i++)
            {
                await SendAsync(clients[i], writes[i].Sql);
            }
            await Holder.SendAsync(Text("commit"));
            await Holder.ReceiveToReadyAsync();
            for (var i = 0; i < writes.Length; i++)
            {
                Assert.Equal(writes[i].Answer, AnswerIn(await clients[i].ReceiveToReadyAsync()));
            }
        }

        internal async Task<string?> AskAsync(string sql)
        {
            await Second.SendAsync(Text(sql));
            return (await Second.ReceiveToReadyAsync()).OfType<DataRow>().FirstOrDefault()?.Values[0] is { } value
                ? Encoding.UTF8.GetString(value.Span)
                : null;
        }

        public ValueTask DisposeAsync()
        {
            Holder.Dispose();
            First.Dispose();
            Second.Dispose();
            return Door.DisposeAsync();
        }
    }
}
