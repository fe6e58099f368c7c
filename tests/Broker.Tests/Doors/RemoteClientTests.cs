using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Doors;

public sealed class RemoteClientTests : RemoteStage
{
    [Fact]
    public async Task A_statement_runs_as_it_does_in_the_brokers_own_process()
    {
        await StartAsync();
        var client = await ConnectAsync();

        Assert.Equal(-1, await client.ExecuteAsync("orders", $"create table notes (id int, note text)"));
        Assert.Equal(1, await client.ExecuteAsync("orders", $"insert into notes values ({1}, {"first"})"));
        Assert.Equal((1, "first"), await client.QuerySingleAsync<(int, string)>("orders", $"select id, note from notes where id = {1}"));
        Assert.Equal("42P01", (await FailureOfAsync<StatementFailed>(async () => await client.ExecuteAsync("orders", $"select from nowhere"))).SqlState);
    }

    [Fact]
    public async Task Many_callers_share_one_link()
    {
        await StartAsync();
        var client = await ConnectAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(async number => await client.QuerySingleAsync<int>("orders", $"select {number}::int")));

        Assert.Equal(Enumerable.Range(0, 500), answers);
    }

    [Fact]
    public async Task A_caller_that_blocks_where_it_was_answered_keeps_nobody_from_his_answer()
    {
        await StartAsync();
        var client = await ConnectAsync();

        var sum = await Task.Run(async () =>
        {
            var all = await client.QuerySingleAsync<int>("orders", $"select 1");
            // On the thread that read the answer, and so may be that of the next.
            for (var round = 0; round < 20; round++)
                all += client.QuerySingleAsync<int>("orders", $"select 1").AsTask().Result + await client.QuerySingleAsync<int>("orders", $"select 1");
            return all;
        }).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(41, sum);
    }

    [Fact]
    public async Task A_session_commits_and_rolls_back_from_afar()
    {
        await StartAsync();
        var client = await ConnectAsync();
        await client.ExecuteAsync("orders", $"create table notes (id int primary key)");
        var sessions = new SessionFactory(client, "orders");

        await using (var session = sessions.Open())
        {
            await session.ExecuteAsync($"insert into notes values (1)");
            await session.CommitAsync();
            await session.ExecuteAsync($"insert into notes values (2)");
        }

        Assert.Equal([1], await Broker.QueryAsync<int>("orders", $"select id from notes"));
    }

    [Fact]
    public async Task A_conversation_is_shared_by_the_brokers_process_and_another()
    {
        await StartAsync();
        var client = await ConnectAsync();
        await Broker.ExecuteAsync("orders", $"create table notes (id int primary key)");
        await using var here = new SessionFactory(Broker, "orders").Open();
        await here.ExecuteAsync($"insert into notes values (1)");

        await using var there = await new SessionFactory(client, "orders").JoinAsync(here.Id);

        Assert.Equal(1, (await there.QueryAsync<long>($"select count(*) from notes")).Single());
        await there.ExecuteAsync($"insert into notes values (2)");
        await here.CommitAsync();
        Assert.Equal([1, 2], await Broker.QueryAsync<int>("orders", $"select id from notes order by 1"));
    }

    [Fact]
    public async Task Rows_stream_from_afar_and_leaving_early_ends_the_query()
    {
        await StartAsync(pool: "size = 1, overflow = 0");
        var client = await ConnectAsync();
        var sum = 0L;

        await foreach (var number in client.StreamAsync<int>("orders", $"select n from generate_series(1, 100000) n"))
            sum += number;
        await foreach (var number in client.StreamAsync<int>("orders", $"select generate_series(1, 100000000)"))
            if (number == 5000)
                break;

        Assert.Equal(5000050000, sum);
        Assert.Equal(7, await client.QuerySingleAsync<int>("orders", $"select 7"));
    }

    [Fact]
    public async Task A_large_value_goes_both_ways_in_pieces()
    {
        await StartAsync("largest-requests = 256MiB", "broker.errands.result-limit = 256MiB");
        var client = await ConnectAsync();
        var bytes = new byte[100 * 1024 * 1024];
        Random.Shared.NextBytes(bytes);
        await client.ExecuteAsync("orders", $"create table files (id int, body bytea)");

        await client.ExecuteAsync("orders", $"insert into files values (1, {bytes})");
        var read = await client.QuerySingleAsync<byte[]>("orders", $"select body from files");

        Assert.True(bytes.AsSpan().SequenceEqual(read));
    }

    [Fact]
    public async Task COPY_goes_both_ways()
    {
        await StartAsync();
        var client = await ConnectAsync();
        await client.ExecuteAsync("orders", $"create table notes (id int, note text)");
        using var source = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 20000).Select(static n => $"{n}\tnote {n}\n"))));

        Assert.Equal(20000, await client.CopyInAsync("orders", $"copy notes from stdin", source));
        await using var copy = await client.CopyOutAsync("orders", $"copy (select * from notes order by id) to stdout");
        using var copied = new MemoryStream();
        await copy.CopyToAsync(copied);

        Assert.Equal(source.ToArray(), copied.ToArray());
    }

    [Fact]
    public async Task Notifications_are_heard_from_afar()
    {
        await StartAsync();
        var client = await ConnectAsync();
        var listening = client.ListenAsync("orders", "news");
        await using var own = listening;
        await listening.StartAsync();

        await Broker.ExecuteAsync("orders", $"select pg_notify('news', 'hello')");

        await foreach (var heard in listening)
        {
            Assert.Equal("hello", heard.Payload);
            break;
        }
    }

    [Fact]
    public async Task A_sandbox_is_opened_from_afar_and_leaves_nothing()
    {
        await StartAsync();
        var client = await ConnectAsync();
        await client.ExecuteAsync("orders", $"create table notes (id int)");

        await using (var sandbox = await client.OpenSandboxAsync())
        {
            await sandbox.Broker.ExecuteAsync("orders", $"insert into notes values (1)");
            Assert.Equal(1, await sandbox.Broker.QuerySingleAsync<long>("orders", $"select count(*) from notes"));
        }

        Assert.Equal(0, await client.QuerySingleAsync<long>("orders", $"select count(*) from notes"));
    }

    [Fact]
    public async Task Cancelling_reaches_the_statement()
    {
        await StartAsync();
        var client = await ConnectAsync();
        using var cancel = new CancellationTokenSource();

        var sleeping = client.ExecuteAsync("orders", new Statement("select pg_sleep(600)"), cancel.Token).AsTask();
        await UntilAsync(static status => status.Busy == 1);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping);
    }

    [Fact]
    public async Task What_is_asked_behind_a_clients_end_is_refused()
    {
        await StartAsync();
        var client = await ConnectAsync();
        var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"select 1");

        await client.DisposeAsync();

        await FailureOfAsync<ConversationGone>(async () => await session.ExecuteAsync($"select 2").AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
        await FailureOfAsync<BrokerStopping>(async () => await client.QuerySingleAsync<int>("orders", $"select 3"));
    }

    [Fact]
    public async Task What_a_client_leaves_behind_is_rolled_back_when_it_goes()
    {
        await StartAsync();
        var client = await ConnectAsync();
        await client.ExecuteAsync("orders", $"create table notes (id int)");
        var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"insert into notes values (1)");

        await client.DisposeAsync();

        await UntilAsync(static status => status.Lent == 0);
        Assert.Equal(0, await Broker.QuerySingleAsync<long>("orders", $"select count(*) from notes"));
    }
}
