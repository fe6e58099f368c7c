using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>Reads of many clients share round trips, and nobody can tell.</summary>
public sealed class PackedTests
{
    private const int Clients = 24;

    [Fact]
    public async Task Each_client_hears_its_own_answers_errors_among_them_and_reads_what_it_wrote()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 3, overflow = 0");
        await PrepareAsync(door);

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var random = new Random(client);
            await using var connection = await door.ConnectAsync();
            await using var prepared = new NpgsqlCommand("select v from things where id = $1",
                connection) { Parameters = { new NpgsqlParameter<int>() } };
            await prepared.PrepareAsync();
            for (var round = 0; round < 60; round++)
            {
                await StepAsync(connection, prepared, random, client);
            }
        }))).WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_link_that_is_killed_under_a_trip_costs_at_most_the_one_that_was_running()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 2, overflow = 0");
        await PrepareAsync(door);
        var (answered, lost) = (0, 0);
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            NpgsqlConnection? connection = null;
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    connection ??= await door.ConnectAsync();
                    await using var command = new NpgsqlCommand("select v from things where id = 7", connection);
                    Assert.Equal(70, await command.ExecuteScalarAsync());
                    Interlocked.Increment(ref answered);
                }
                catch (NpgsqlException)
                {
                    Interlocked.Increment(ref lost);
                    await connection!.DisposeAsync();
                    connection = null;
                }
            }
            await (connection?.DisposeAsync() ?? default);
        })).ToArray();

        await using var direct = new NpgsqlConnection(door.Direct);
        await direct.OpenAsync();
        for (var kills = 0; kills < 10;)
        {
            var before = Volatile.Read(ref answered);
            await Eventually.SucceedsAsync(() => Task.Run(() => Assert.True(Volatile.Read(ref answered) > before + 100)));
            await using var kill = new NpgsqlCommand(
                "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database() and query like 'select v%' limit 1) one",
                direct);
            kills += (int)(long)(await kill.ExecuteScalarAsync())!;
        }
        await stop.CancelAsync();
        await Task.WhenAll(clients).WaitAsync(TimeSpan.FromMinutes(1));

        // each kill may have met one that was under way, and nobody else
        Assert.InRange(lost, 0, 10);
    }

    [Fact]
    public async Task A_result_that_is_too_long_to_be_held_comes_whole_and_the_others_too()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 2, overflow = 0");
        await PrepareAsync(door);

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            await using var connection = await door.ConnectAsync();
            for (var round = 0; round < 10; round++)
            {
                await using var command = new NpgsqlCommand(
                    client % 4 == 0 ? "select a.v from things a, things b where b.id < 40" : "select v from things where id = 3",
                        connection);
                await using var reader = await command.ExecuteReaderAsync();
                var rows = 0;
                while (await reader.ReadAsync())
                {
                    rows++;
                }
                Assert.Equal(client % 4 == 0 ? 40_000 : 1, rows);
            }
        }))).WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task What_a_trip_is_cancelled_for_cancels_nothing_behind_it()
    {
        // too long to be held, there in one piece with the end of its trip, and so slow that the cancel would find it when it runs again
        await using var door = await DoorStage.OpenAsync("loops = 1", "size = 1, overflow = 0", "errands.reply-limit = 1KiB");
        await using var connection = await door.ConnectAsync();

        for (var round = 0; round < 20; round++)
        {
            for (var again = 0; again < 3; again++)
            {
                var text = (string)(
                    await connection.ScalarAsync(
                        $"select repeat(max(g{round} % 99999)::text, 700) from generate_series(1, 200000) g{round}"))!;
                Assert.Equal(3_500, text.Length);
            }
        }
    }

    private static async Task PrepareAsync(DoorStage door)
    {
        await using var direct = new NpgsqlConnection(door.Direct);
        await direct.OpenAsync();
        await using var command = new NpgsqlCommand(
            "create table things as select i as id, i * 10 as v from generate_series(0, 999) i; alter table things add primary key (id); create table written (client int, n int)", direct);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task StepAsync(NpgsqlConnection connection, NpgsqlCommand prepared, Random random, int client)
    {
        var id = random.Next(1000);
        switch (random.Next(7))
        {
            case 0:
                ((NpgsqlParameter<int>)prepared.Parameters[0]).TypedValue = id;
                Assert.Equal(id * 10, await prepared.ExecuteScalarAsync());
                break;
            case 1:
                await FailsAsync(connection, $"select v / (id - {id}) from things where id = {id}", "22012");
                break;
            case 2:
                await FailsAsync(connection, "select v from no_such_things", "42P01");
                break;
            case 3:
                Assert.Null(await connection.ScalarAsync($"select v from things where id = {-1 - id}"));
                break;
            case 4:
                await connection.ScalarAsync($"insert into written values ({client}, {id})");
                Assert.Equal(client,
                    await connection.ScalarAsync($"select client from written where client = {client} and n = {id} limit 1"));
                break;
            case 5:
                await using (var transaction = await connection.BeginTransactionAsync())
                {
                    Assert.Equal(id * 10, await connection.ScalarAsync($"select v from things where id = {id} for update"));
                    await transaction.RollbackAsync();
                }
                break;
            default:
                Assert.Equal(id * 10, await connection.ScalarAsync($"select v from things where id = {id}"));
                break;
        }
    }

    private static async Task FailsAsync(NpgsqlConnection connection, string sql, string sqlState) =>
        Assert.Equal(sqlState, (await Assert.ThrowsAsync<PostgresException>(() => connection.ScalarAsync(sql))).SqlState);
}
