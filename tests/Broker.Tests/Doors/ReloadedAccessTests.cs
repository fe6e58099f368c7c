using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;
using Broker.Configuration;
using Broker.Hosting;
using Npgsql;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>What becomes of clients that are in when users and rules are read anew.</summary>
public sealed class ReloadedAccessTests : RawStage
{
    private const string ForAll = "broker.gateway.hba = [\"host all all all scram-sha-256\"]";
    private const string ForAnn = "broker.gateway.hba = [\"host all ann all scram-sha-256\"]";

    [Fact]
    public async Task A_client_whose_user_was_removed_is_ended_with_what_it_has()
    {
        await StartAsync();
        var (ann, bob) = (await ConnectAsync(), await ConnectAsync(Options with { User = "bob", Password = "other" }));
        await using var kept = await OpenAsync(ann);
        var lost = await OpenAsync(bob);
        var hears = await HearAsync(bob);

        await ReloadAsync("\"ann\" \"secret\"\n");

        Assert.Equal("28000", (await FailureOfAsync<ClientRefused>(() => hears)).SqlState);
        await UntilAsync(static status => status.Lent == 1);
        await FailureOfAsync<ClientRefused>(async () => await lost.QueryAsync<int>($"select a from mine"));
        await FailureOfAsync<ClientRefused>(async () => await bob.QuerySingleAsync<int>("orders", $"select 1"));
        Assert.Equal([7], await kept.QueryAsync<int>($"select a from mine"));
    }

    [Fact]
    public async Task A_client_whose_user_has_another_password_keeps_what_it_has_and_logs_in_by_the_new_one()
    {
        await StartAsync();
        var bob = await ConnectAsync(Options with { User = "bob", Password = "other" });
        await using var session = await OpenAsync(bob);

        await ReloadAsync("\"ann\" \"secret\"\n\"bob\" \"new\"\n");

        await FailsUntilAsync(() => ConnectAsync(Options with { User = "bob", Password = "new" }));
        Assert.Equal([7], await session.QueryAsync<int>($"select a from mine"));
    }

    [Fact]
    public async Task A_client_that_may_use_no_database_any_more_is_ended_with_what_it_has()
    {
        await StartAsync(more: ForAll);
        var (ann, bob) = (await ConnectAsync(), await ConnectAsync(Options with { User = "bob", Password = "other" }));
        await using var kept = await OpenAsync(ann);
        var lost = await OpenAsync(bob);
        var hears = await HearAsync(bob);

        await ReloadAsync(more: ForAnn);

        await FailureOfAsync<ClientRefused>(() => hears);
        await UntilAsync(static status => status.Lent == 1);
        await Assert.ThrowsAsync<BrokerException>(async () => await lost.QueryAsync<int>($"select a from mine"));
        Assert.Equal([7], await kept.QueryAsync<int>($"select a from mine"));
    }

    [Fact]
    public async Task A_conversation_is_opened_as_the_user_that_its_database_has_now_though_the_door_could_not_read_its_users()
    {
        await StartAsync();
        await using var ann = await LoggedInAsync();
        var given = BrokerSettings.Parse(
            $"broker.databases.orders.connection-string = \"{new NpgsqlConnectionStringBuilder(Database) { Username = "newer" }}\"");

        await Sys.ReloadBrokerAsync(given with { Gateway = given.Gateway with { AuthFile = "/nowhere" } });
        ann.Ask(Supervisor, 1, new OpenSession(SessionId.Draw(), HandleId.Draw(), "orders", null, ConversationTerms.Default));

        Assert.Equal("newer", Assert.IsType<SessionOpened>(Assert.Single(await AnswersAsync(ann, 1))).Pool.User);
    }

    private static async Task<Session> OpenAsync(BrokerClient client)
    {
        var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"create temporary table mine as select 7 as a");
        return session;
    }

    // Listens when this returns, and is over when the client is.
    private async Task<Task> HearAsync(BrokerClient client)
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var hears = Hear();
        while (!heard.Task.IsCompleted)
        {
            await Broker.ExecuteAsync("orders", $"select pg_notify('news', '')");
            await Task.WhenAny(heard.Task, hears, Task.Delay(20));
        }
        return hears;

        async Task Hear()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await foreach (var _ in client.ListenAsync("orders", "news").WithCancellation(limit.Token))
            {
                heard.TrySetResult();
            }
        }
    }

    // What was read holds from a moment on that is not the test's.
    private static async Task FailsUntilAsync(Func<Task> succeeds)
    {
        while (true)
        {
            try
            {
                await succeeds();
                return;
            }
            catch (BrokerException refused) when (refused.Failure is ClientRefused)
            {
                await Task.Delay(5);
            }
        }
    }
}
