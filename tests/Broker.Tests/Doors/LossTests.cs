using System.Data;
using Broker.Client;
using Broker.Client.Ado;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>What becomes of what was asked when the way to the broker is lost.</summary>
public sealed class LossTests : RemoteStage
{
    private const string Patient = "heartbeat = 200ms, silence-limit = 60s";
    private const string Impatient = "heartbeat = 200ms, silence-limit = 2s";

    [Fact]
    public async Task Writes_take_effect_once_however_often_the_connection_is_cut()
    {
        await StartAsync(Patient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(address: proxy.Address);
        await client.ExecuteAsync("orders", $"create table effects (writer int, number int, primary key (writer, number))");

        var writers = Enumerable.Range(0, 8).Select(async writer =>
        {
            var number = 0;
            for (; number < 100 || proxy.Accepted < 3; number++)
                Assert.Equal(1, await client.ExecuteAsync("orders", $"insert into effects values ({writer}, {number})"));
            return number;
        }).ToArray();
        while (!Task.WhenAll(writers).IsCompleted)
        {
            await Task.WhenAny(Task.WhenAll(writers), Task.Delay(100));
            proxy.Cut();
        }
        var written = await Task.WhenAll(writers);

        Assert.Equal(written.Sum(), await Broker.QuerySingleAsync<long>("orders", $"select count(*) from effects"));
    }

    [Fact]
    public async Task A_conversation_goes_on_where_it_was_behind_a_cut()
    {
        await StartAsync(Patient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(address: proxy.Address);
        await client.ExecuteAsync("orders", $"create table effects (number int primary key)");
        await using var session = new SessionFactory(client, "orders").Open();

        for (var number = 0; number < 20; number++)
        {
            var writing = session.ExecuteAsync($"insert into effects values ({number})");
            if (number % 3 == 0)
                proxy.Cut();
            await writing;
        }
        var committing = session.CommitAsync();
        proxy.Cut();
        await committing;

        Assert.Equal(20, await Broker.QuerySingleAsync<long>("orders", $"select count(*) from effects"));
    }

    [Fact]
    public async Task A_way_that_swallows_everything_is_left_for_another()
    {
        await StartAsync(Patient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(address: proxy.Address);
        await client.ExecuteAsync("orders", $"create table effects (number int primary key)");

        proxy.Swallow();
        var writing = client.ExecuteAsync("orders", $"insert into effects values (1)").AsTask();
        await UntilAcceptedAsync(proxy, 2);
        proxy.Carry();

        Assert.Equal(1, await writing);
    }

    [Fact]
    public async Task A_slow_way_changes_nothing()
    {
        // A client takes its way for lost behind four heartbeats, and a slow machine may be that long about something else.
        await StartAsync("heartbeat = 1s, silence-limit = 60s");
        await using var proxy = new FaultProxy(Address) { Delay = TimeSpan.FromMilliseconds(100) };
        var client = await ConnectAsync(address: proxy.Address);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async number => await client.QuerySingleAsync<int>("orders", $"select {number}::int")));

        Assert.Equal(Enumerable.Range(0, 50), answers);
        Assert.Equal(1, proxy.Accepted);
    }

    [Fact]
    public async Task A_client_that_is_not_heard_of_for_its_limit_is_rolled_back()
    {
        await StartAsync(Impatient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(address: proxy.Address);
        await client.ExecuteAsync("orders", $"create table effects (number int primary key)");
        await using var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"insert into effects values (1)");

        proxy.Swallow();
        await UntilAsync(static status => status.Lent == 0);
        proxy.Carry();

        Assert.Equal(0, await Broker.QuerySingleAsync<long>("orders", $"select count(*) from effects"));
        await FailureOfAsync<ConversationGone>(async () => await session.ExecuteAsync($"insert into effects values (2)"));
        Assert.Equal(7, await client.QuerySingleAsync<int>("orders", $"select 7"));
    }

    [Fact]
    public async Task A_broker_that_has_forgotten_a_write_does_not_run_it_again()
    {
        await StartAsync(Impatient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(address: proxy.Address);
        await client.ExecuteAsync("orders", $"create table effects (number int)");

        // Known to be a read before it is sent twice.
        for (var i = 0; i < 3; i++)
            Assert.Equal(1, await ReadAsync(client, 1));

        await using var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"select 1");
        var writing = client.ExecuteAsync("orders", new Statement("insert into effects select 1 from pg_sleep(3)")).AsTask();
        var reading = ReadAsync(client, 30_000_000).AsTask();
        await UntilAsync(static status => status.Busy > 1);
        proxy.Swallow();
        await UntilAsync(static status => status.Lent == 0);
        proxy.Carry();

        await FailureOfAsync<OutcomeUnknown>(() => writing);
        Assert.Equal(30_000_000, await reading);
        await UntilAsync(static status => status.Busy == 0);
        Assert.InRange(await Broker.QuerySingleAsync<long>("orders", $"select count(*) from effects"), 0, 1);
    }

    private static ValueTask<long> ReadAsync(BrokerClient client, int count) =>
        client.QuerySingleAsync<long>("orders", $"select count(*) from generate_series(1, {count})");

    [Fact]
    public async Task A_broker_out_of_reach_is_told_within_the_limit_and_found_again()
    {
        await StartAsync(Patient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(Options with { LossLimit = TimeSpan.FromSeconds(1) }, proxy.Address);
        Assert.Equal(1, await client.QuerySingleAsync<int>("orders", $"select 1"));

        proxy.RefuseNew();
        proxy.Cut();
        var refused = await FailureOfAsync<BrokerUnreachable>(async () =>
        {
            while (true)
            {
                try
                {
                    await client.QuerySingleAsync<int>("orders", $"select 1");
                }
                catch (BrokerException sent) when (sent.Failure is OutcomeUnknown)
                {
                    // It was on its way, and what it does is for the broker to know.
                }
            }
        });
        proxy.Carry();

        Assert.True(refused.SafeToRetry);
        Assert.True(refused.IsTransient);
        await EventuallyAsync(async () => Assert.Equal(2, await client.QuerySingleAsync<int>("orders", $"select 2")));
    }

    [Fact]
    public async Task What_is_disposed_out_of_the_brokers_reach_throws_nothing_and_is_rolled_back()
    {
        await StartAsync(Impatient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(Options with { LossLimit = TimeSpan.FromSeconds(1) }, proxy.Address);
        await client.ExecuteAsync("orders", $"create table effects (number int primary key)");
        var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"insert into effects values (1)");
        await using var source = new BrokerDataSource(client, "orders");
        var connection = source.OpenConnection();
        connection.BeginTransaction();
        await using var insert = connection.CreateCommand();
        insert.CommandText = "insert into effects values (2)";
        await insert.ExecuteNonQueryAsync();

        proxy.RefuseNew();
        proxy.Cut();
        await Task.WhenAll(session.DisposeAsync().AsTask(), connection.DisposeAsync().AsTask());

        Assert.Equal(ConnectionState.Closed, connection.State);
        await UntilAsync(static status => status.Lent == 0);
        Assert.Equal(0, await Broker.QuerySingleAsync<long>("orders", $"select count(*) from effects"));
    }

    [Fact]
    public async Task Rows_that_are_left_out_of_the_brokers_reach_do_not_hide_why()
    {
        await StartAsync(Patient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(Options with { LossLimit = TimeSpan.FromSeconds(1) }, proxy.Address);
        await using var session = new SessionFactory(client, "orders").Open();
        await using var source = new BrokerDataSource(client, "orders", new() { Streaming = true, CursorRows = 10 });
        await using var connection = source.OpenConnection();
        connection.BeginTransaction();
        await using var numbers = connection.CreateCommand();
        numbers.CommandText = "select generate_series(1, 100)";

        await Assert.ThrowsAsync<TimeoutException>(async () =>
        {
            await using var reader = await numbers.ExecuteReaderAsync(CommandBehavior.CloseConnection);
            await foreach (var _ in session.StreamAsync<int>($"select generate_series(1, 100)", chunkRows: 10))
            {
                proxy.RefuseNew();
                proxy.Cut();
                throw new TimeoutException();
            }
        });

        Assert.Equal(ConnectionState.Closed, connection.State);
    }

    [Fact]
    public async Task A_nested_scope_that_cannot_be_rolled_back_takes_its_session_with_it()
    {
        await StartAsync(Patient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(Options with { LossLimit = TimeSpan.FromSeconds(1) }, proxy.Address);
        await client.ExecuteAsync("orders", $"create table effects (number int primary key)");
        await using var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"insert into effects values (1)");
        var scope = await session.BeginNestedAsync();
        await session.ExecuteAsync($"insert into effects values (2)");

        proxy.RefuseNew();
        proxy.Cut();
        await scope.DisposeAsync();
        proxy.Carry();

        await FailureOfAsync<ConversationGone>(async () => await session.CommitAsync());
        Assert.Equal(0, await Broker.QuerySingleAsync<long>("orders", $"select count(*) from effects"));
    }

    [Fact]
    public async Task A_sandbox_out_of_the_brokers_reach_ends_without_a_word()
    {
        await StartAsync(Impatient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(Options with { LossLimit = TimeSpan.FromSeconds(1) }, proxy.Address);
        var sandbox = await client.OpenSandboxAsync();
        await sandbox.Broker.ExecuteAsync("orders", $"create table forgotten (id int)");

        proxy.RefuseNew();
        proxy.Cut();
        await sandbox.DisposeAsync();

        await UntilAsync(static status => status.Lent == 0);
        Assert.Null(await Broker.QuerySingleAsync<string?>("orders", $"select to_regclass('forgotten')::text"));
    }

    [Fact]
    public async Task A_sandbox_whose_end_is_one_request_too_many_ends_all_the_same()
    {
        await StartAsync("max-requests = 1");
        var client = await ConnectAsync();
        var sandbox = await client.OpenSandboxAsync();
        await sandbox.Broker.ExecuteAsync("orders", $"create table forgotten (id int)");
        await client.QuerySingleAsync<int>("orders", $"select 1");
        using var cancel = new CancellationTokenSource();
        var busy = client.QuerySingleAsync<int>("orders", $"select 1 from pg_sleep(600)", cancel.Token).AsTask();
        await UntilAsync(static status => status is { Lent: 1, Busy: > 0 });

        await sandbox.DisposeAsync();

        await UntilAsync(static status => status.Lent == 0);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => busy);
    }

    [Fact]
    public async Task A_login_that_takes_longer_than_the_limit_does_not_leave_the_client_between_two_names()
    {
        await StartAsync(Patient);
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(Options with { LossLimit = TimeSpan.FromSeconds(1) }, proxy.Address);
        Assert.Equal(1, await client.QuerySingleAsync<int>("orders", $"select 1"));

        // Four times there and back, and nobody waits any longer before the end of it.
        proxy.Delay = TimeSpan.FromMilliseconds(400);
        proxy.Cut();
        await Assert.ThrowsAsync<BrokerException>(async () =>
        {
            while (true)
                await client.QuerySingleAsync<int>("orders", $"select 1");
        });

        await EventuallyAsync(async () => Assert.Equal(1, await client.QuerySingleAsync<int>("orders", $"select 1").AsTask().WaitAsync(TimeSpan.FromSeconds(30))));
    }

    private static async Task UntilAcceptedAsync(FaultProxy proxy, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (proxy.Accepted < count)
            await Task.Delay(5, limit.Token);
    }

    private static async Task EventuallyAsync(Func<Task> work)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                await work();
                return;
            }
            catch (BrokerException refused)
                // the way may be lost once more with it under way; it changes nothing, so it may be asked again
                when ((refused.SafeToRetry || refused.Failure is OutcomeUnknown) && !limit.IsCancellationRequested)
            {
                await Task.Delay(20);
            }
        }
    }
}
