using System.Collections.Concurrent;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>Server processes that end, one by one and all at once: whoever had to do with them is told, and nobody else.</summary>
public sealed class LostServerTests
{
    private const string Links =
        "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";

    [Theory]
    [InlineData("begin; select {0}; commit")]
    [InlineData("select {0}")]
    public async Task Links_that_have_ended_while_they_were_idle_are_met_by_nobody(string sql)
    {
        await using var door = await DoorStage.OpenAsync();
        await using var direct = await door.GoRoundAsync();
        var clients = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => door.ConnectAsync()));
        for (var round = 0; round < 25; round++)
        {
            await Task.WhenAll(clients.Select(async (client, number) =>
                Assert.Equal(number,
                    await client.ScalarAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, number)))));
            await direct.ScalarAsync($"select count(pg_terminate_backend(pid, 10000)) {Links}");
        }
        await Task.WhenAll(clients.Select(static client => client.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task A_server_that_is_restarted_under_load_costs_what_was_under_way_and_nothing_else()
    {
        await using var server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        await using var door = await DoorStage.OpenAsync(pool: "size = 8, overflow = 0, acquire-timeout = 1m, reconnect.max-backoff = 1s",
            at: await server.CreateDatabaseAsync("shop"));
        await using (var direct = await door.GoRoundAsync())
        {
            await direct.ScalarAsync("create table done (client int, number int)");
        }
        using var over = new CancellationTokenSource();
        var customers = Enumerable.Range(0, 100).Select(number => new Customer(door, number)).ToArray();
        var shopping = customers.Select(customer => customer.ShopAsync(over.Token)).ToArray();
        try
        {
            await UntilAllHaveAsync(customers, 5);

            await server.KillAsync();
            // Not until somebody is told: it may be that no link was in use at that moment.
            await Eventually.SucceedsAsync(async () => Assert.NotNull((await door.Broker.GetStatusAsync("shop")).LastConnectFailure));
            await server.StartAgainAsync();
            var before = customers.Select(static customer => customer.Done).ToArray();
            await Eventually.SucceedsAsync(() =>
                Assert.All(customers, customer => Assert.True(customer.Done >= before[customer.Number] + 5, $"{customer} had {before[customer.Number]}")));
        }
        finally
        {
            // or they would come again for ever, to a door that is gone
            await over.CancelAsync();
        }
        await Task.WhenAll(shopping).WaitAsync(TimeSpan.FromMinutes(1));

        // the words of the server, or ours; cannot_connect_now and the like are of its start
        Assert.All(customers.SelectMany(static customer => customer.Errors),
            static state => Assert.Contains(state, new[] { "57P01", "57P02", "57P03", "08006", "08007", "08001" }));
        await using var look = await door.GoRoundAsync();
        foreach (var customer in customers)
        {
            var kept = await customer.KeptAsync(look);
            Assert.Equal(kept.Distinct().Count(), kept.Count);
            Assert.Empty(customer.Acknowledged.Except(kept));
            Assert.Empty(kept.Except(customer.Acknowledged).Except(customer.Unknown));
        }
        await Eventually.SucceedsAsync(async () =>
        {
            var status = await door.Broker.GetStatusAsync("shop");
            Assert.Equal((0, 0, 0), (status.Opening, status.Waiting, status.WaitingErrands));
            Assert.Equal(status.Lent + status.Idle + status.Busy, (int)(long)(await look.ScalarAsync($"select count(*) {Links}"))!);
        });
    }

    private static Task UntilAllHaveAsync(Customer[] customers, int count) =>
        Eventually.SucceedsAsync(() => Assert.All(customers, customer => Assert.True(customer.Done >= count)));

    /// <summary>Buys one thing after the other, each in a transaction; comes again when it was put out.</summary>
    private sealed class Customer(DoorStage door, int number)
    {
        private int _done;

        internal int Number => number;

        /// <inheritdoc/>
        public override string ToString() => $"customer {number} has {Done} and was told {string.Join(", ", Errors)}; it";

        internal int Done => Volatile.Read(ref _done);

        internal ConcurrentQueue<string> Errors { get; } = [];

        internal List<int> Acknowledged { get; } = [];

        internal List<int> Unknown { get; } = [];

        internal async Task ShopAsync(CancellationToken over)
        {
            for (var next = 0; !over.IsCancellationRequested;)
            {
                try
                {
                    await using var connection = await door.ConnectAsync();
                    while (!over.IsCancellationRequested)
                    {
                        next++;
                        await BuyAsync(connection, next);
                    }
                }
                catch (NpgsqlException failure)
                {
                    Unknown.Add(next);
                    Errors.Enqueue((failure as PostgresException ?? failure.InnerException as PostgresException)?.SqlState
                        ?? failure.ToString());
                }
            }
        }

        internal async Task<List<int>> KeptAsync(NpgsqlConnection connection)
        {
            await using var command = new NpgsqlCommand($"select number from done where client = {number}", connection);
            await using var reader = await command.ExecuteReaderAsync();
            var kept = new List<int>();
            while (await reader.ReadAsync())
            {
                kept.Add(reader.GetInt32(0));
            }
            return kept;
        }

        private async Task BuyAsync(NpgsqlConnection connection, int thing)
        {
            Assert.Equal((number * 100_000) + thing, await connection.ScalarAsync($"select {number} * 100000 + {thing}"));
            Assert.Equal(thing,
                await connection.ScalarAsync($"begin; insert into done values ({number}, {thing}) returning number; commit"));
            Acknowledged.Add(thing);
            Interlocked.Increment(ref _done);
        }
    }
}
