using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>
/// What the callers of a client are told that its broker has forgotten: nothing that took effect is told as safe to retry, and nothing
/// that was never sent as unknown.
/// </summary>
public sealed class ForgottenClientTests : RemoteStage
{
    private const string Impatient = "heartbeat = 200ms, silence-limit = 2s";

    [Fact]
    public async Task A_write_that_was_cancelled_before_it_could_be_sent_never_runs()
    {
        var (proxy, client, witness) = await StartAsync();
        await LoseAsync(proxy);

        using var cancel = new CancellationTokenSource();
        var writing = client.ExecuteAsync("orders", new Statement("insert into effects select 1 from pg_sleep(1)"), cancel.Token).AsTask();
        await cancel.CancelAsync();
        await ForgottenAsync(proxy, witness);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        Assert.Equal(0, await CountAsync());
        await proxy.DisposeAsync();
    }

    [Fact]
    public async Task A_copy_whose_end_was_sent_is_unknown()
    {
        var (proxy, client, witness) = await StartAsync();

        var copying = client.CopyInAsync("orders", $"copy effects from stdin", Rows()).AsTask();
        await UntilEffectAsync();
        await ForgottenAsync(proxy, witness);

        Assert.False((await FailureOfAsync<OutcomeUnknown>(() => copying)).SafeToRetry);
        await proxy.DisposeAsync();

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Rows()
        {
            yield return "1\n2\n3\n"u8.ToArray();
            // From now on the broker is not heard.
            await Task.Yield();
            proxy.StopReading();
        }
    }

    [Fact]
    public async Task A_copy_whose_end_was_not_sent_had_no_effect()
    {
        var (proxy, client, witness) = await StartAsync();
        var more = new TaskCompletionSource();

        var copying = client.CopyInAsync("orders", $"copy effects from stdin", Rows()).AsTask();
        await UntilAsync(static status => status.Lent == 2);
        await ForgottenAsync(proxy, witness);
        more.SetResult();

        await FailureOfAsync<ConnectionLost>(() => copying);
        Assert.Equal(0, await CountAsync());
        await proxy.DisposeAsync();

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Rows()
        {
            yield return "1\n2\n3\n"u8.ToArray();
            await more.Task;
            yield return "4\n"u8.ToArray();
        }
    }

    [Fact]
    public async Task A_stream_that_may_have_written_is_unknown()
    {
        var (proxy, client, witness) = await StartAsync();
        await using var holder = await HoldCommitsAsync();

        var reading = ReadAsync(client, "insert into effects values (1) returning number");
        await UntilCommitIsHeldAsync(holder);
        proxy.StopReading();
        await holder.CloseAsync();
        await UntilEffectAsync();
        await ForgottenAsync(proxy, witness);

        await FailureOfAsync<OutcomeUnknown>(() => reading);
        await proxy.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_that_only_reads_is_lost_and_may_be_read_again()
    {
        var (proxy, client, witness) = await StartAsync();
        await Home.ExecuteAsync("orders", $"insert into effects select generate_series(1, 300000)");
        var first = new TaskCompletionSource();
        var forgotten = new TaskCompletionSource();

        var reading = ReadAsync(client, "select number from effects", first, forgotten.Task);
        await first.Task;
        await ForgottenAsync(proxy, witness);
        forgotten.SetResult();

        Assert.True((await FailureOfAsync<ConnectionLost>(() => reading)).SafeToRetry);
        await proxy.DisposeAsync();
    }

    [Fact]
    public async Task A_write_that_took_effect_is_unknown_also_to_a_broker_that_takes_none()
    {
        var (proxy, client, witness) = await StartAsync(pool: "size = 4, overflow = 0, suspended = refuse");
        await using var holder = await HoldCommitsAsync();

        var writing = client.ExecuteAsync("orders", $"insert into effects values (1)").AsTask();
        await UntilCommitIsHeldAsync(holder);
        proxy.Swallow();
        await holder.CloseAsync();
        await UntilEffectAsync();
        await UntilForgottenAsync(witness);
        await Home.SuspendAsync("orders");
        proxy.Carry();

        await FailureOfAsync<OutcomeUnknown>(() => writing);
        await proxy.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_could_not_be_sent_is_sent_when_the_broker_is_back(bool ledger)
    {
        var (proxy, client, witness) = await StartAsync(more: ledger ? "broker.errands.ledger.table = keys_seen\n" : "");
        var sessions = new SessionFactory(client, "orders");
        await using (var first = sessions.Open())
        {
            first.Add(new Effect { Number = 1 });
            await first.CommitAsync();
        }
        await LoseAsync(proxy);

        await using var session = sessions.Open();
        session.Add(new Effect { Number = 2 });
        var committing = session.CommitAsync(ledger ? "key" : null).AsTask();
        await ForgottenAsync(proxy, witness);

        await committing;
        Assert.Equal(2, await CountAsync());
        await proxy.DisposeAsync();
    }

    [Fact]
    public async Task A_command_of_an_open_conversation_that_could_not_be_sent_is_told_that_it_is_gone()
    {
        var (proxy, client, witness) = await StartAsync();
        await using var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"insert into effects values (1)");
        await LoseAsync(proxy);

        var committing = session.CommitAsync().AsTask();
        await ForgottenAsync(proxy, witness);

        await FailureOfAsync<ConversationGone>(() => committing);
        Assert.Equal(0, await CountAsync());
        await proxy.DisposeAsync();
    }

    [Fact]
    public async Task What_is_done_in_a_sandbox_is_never_done_outside_of_it()
    {
        var (proxy, client, witness) = await StartAsync();
        var sandbox = await client.OpenSandboxAsync();
        await sandbox.Broker.ExecuteAsync("orders", $"insert into effects values (1)");
        Assert.Equal(0, await CountAsync());

        proxy.Swallow();
        await ForgottenAsync(proxy, witness);
        Assert.Equal(1, await client.QuerySingleAsync<int>("orders", $"select 1"));

        await Assert.ThrowsAsync<BrokerException>(async () => await sandbox.Broker.ExecuteAsync("orders", $"insert into effects values (2)"));
        Assert.Equal(0, await CountAsync());
        await proxy.DisposeAsync();
    }

    [Fact]
    public async Task A_commit_is_known_though_another_caller_asked_for_more_than_its_client_takes()
    {
        await base.StartAsync("backlog = 1MiB");
        await Home.ExecuteAsync("orders", $"create table effects (number int)");
        await SlowCommitsAsync(3);
        var client = await ConnectAsync();
        await using var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"insert into effects values (1)");
        var committing = session.CommitAsync().AsTask();
        await UntilSleepsAsync();

        var stalled = await Assert.ThrowsAsync<BrokerException>(() => Task.WhenAll(Enumerable.Range(0, 8).Select(
            _ => client.QueryAsync<string>("orders", $"select repeat('x', 1000000)").AsTask())));

        Assert.IsType<OutcomeUnknown>(stalled.Failure);
        await committing;
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task An_idle_client_says_that_it_is_there_as_often_as_its_broker_wants()
    {
        await base.StartAsync("heartbeat = 200ms, silence-limit = 60s");
        await using var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(address: proxy.Address);
        await client.ExecuteAsync("orders", $"select 1");

        // Both have a heartbeat of 200 ms; a client that keeps to the one it began with, of 1 s, says a fifth of that.
        var (requests, answers) = (proxy.Requests, proxy.Answers);
        while (proxy.Answers < answers + 40)
            await Task.Delay(20);

        Assert.InRange(proxy.Requests - requests, 20, int.MaxValue);
    }

    [Table("effects")]
    public sealed class Effect
    {
        [Key]
        public int Number { get; set; }
    }

    /// <summary>A client behind a proxy, and a conversation of it that is open as long as the broker remembers the client.</summary>
    private async Task<(FaultProxy Proxy, BrokerClient Client, Session Witness)> StartAsync(string more = "", string pool = "size = 4, overflow = 0")
    {
        await base.StartAsync(Impatient, more, pool);
        await Home.ExecuteAsync("orders", $"create table effects (number int primary key)");
        var proxy = new FaultProxy(Address);
        var client = await ConnectAsync(address: proxy.Address);
        var witness = new SessionFactory(client, "orders").Open();
        await witness.ExecuteAsync($"select 1");
        return (proxy, client, witness);
    }

    // When it has tried to come again it knows that the way is lost.
    private static async Task LoseAsync(FaultProxy proxy)
    {
        var before = proxy.Accepted;
        proxy.RefuseNew();
        proxy.Cut();
        while (proxy.Accepted == before)
            await Task.Delay(5);
    }

    private async Task ForgottenAsync(FaultProxy proxy, Session witness)
    {
        proxy.Swallow();
        await UntilForgottenAsync(witness);
        proxy.Carry();
    }

    private async Task UntilForgottenAsync(Session witness)
    {
        await UntilAsync(static status => status.Lent == 0);
        witness.Dispose();
    }

    private static async Task ReadAsync(BrokerClient client, string text, TaskCompletionSource? first = null, Task? goOn = null)
    {
        await foreach (var _ in client.StreamAsync<int>("orders", new Statement(text)))
        {
            first?.TrySetResult();
            await (goOn ?? Task.CompletedTask);
        }
    }

    private async Task SlowCommitsAsync(int seconds)
    {
        await Home.ExecuteAsync("orders", new Statement(
            $"create function slow() returns trigger language plpgsql as 'begin perform pg_sleep({seconds}); return null; end'"));
        await Home.ExecuteAsync("orders",
            $"create constraint trigger slowly after insert on effects deferrable initially deferred for each row execute function slow()");
    }

    private async Task UntilSleepsAsync()
    {
        while (await Home.QuerySingleAsync<long>("orders",
            $"select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()") == 0)
            await Task.Delay(20);
    }

    private async Task UntilEffectAsync()
    {
        while (await CountAsync() == 0)
            await Task.Delay(20);
    }

    private Task<long> CountAsync() => Home.QuerySingleAsync<long>("orders", $"select count(*) from effects").AsTask();
}
