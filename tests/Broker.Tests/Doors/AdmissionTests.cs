using System.Diagnostics;
using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Doors;

public sealed class AdmissionTests : RemoteStage
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_wrong_password_and_an_unknown_user_are_refused_alike()
    {
        await StartAsync();

        var wrong = await FailureOfAsync<ClientRefused>(() => ConnectAsync(Options with { Password = "guess" }));
        var unknown = await FailureOfAsync<ClientRefused>(() => ConnectAsync(Options with { User = "nobody" }));

        Assert.Equal("28P01", wrong.SqlState);
        Assert.Equal(wrong with { User = "nobody" }, unknown);
    }

    [Fact]
    public async Task Who_is_refused_is_in_the_brokers_own_log()
    {
        await StartAsync();
        Sys.EventStream.Subscribe(TestActor, typeof(Akka.Event.Warning));

        await FailureOfAsync<ClientRefused>(() => ConnectAsync(Options with { User = "nobody" }));

        await FishForMessageAsync(static said => said is Akka.Event.Warning warning && warning.Message.ToString()!.Contains("nobody", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_name_that_nobody_can_have_is_refused_where_it_is_given()
    {
        foreach (var (name, why) in new[] { ("", "empty"), ("a\nb", "control"), ("half\ud800", "surrogate"), (new string('a', 257), "257 characters"), (new string('a', 200_000), "200000 characters") })
        {
            var refused = await FailureOfAsync<ClientRefused>(() => ConnectAsync(Options with { User = name }, "akka.tcp://broker@127.0.0.1:1"));

            Assert.Equal("28000", refused.SqlState);
            Assert.Contains(why, refused.Cause, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Another_brokers_name_is_refused()
    {
        await StartAsync();

        var refused = await FailureOfAsync<BrokerUnreachable>(
            () => ConnectAsync(Options with { ConnectTimeout = Limit }, Address.Replace("//broker@", "//another@", StringComparison.Ordinal)));

        Assert.Contains("another", refused.Address, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_address_is_told_within_its_limit_with_what_the_connect_said()
    {
        await StartAsync();
        var clock = Stopwatch.StartNew();

        var refused = await FailureOfAsync<BrokerUnreachable>(
            () => ConnectAsync(Options with { ConnectTimeout = Limit }, "akka.tcp://broker@127.0.0.1:1"));

        Assert.Contains("127.0.0.1:1", refused.Address, StringComparison.Ordinal);
        Assert.Contains("refused", refused.Cause, StringComparison.OrdinalIgnoreCase);
        Assert.True(clock.Elapsed < Limit * 5, $"{clock.Elapsed}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("broker@host:4053")]
    [InlineData("http://broker@host:4053")]
    [InlineData("akka.tcp://host:4053")]
    [InlineData("akka.tcp://broker@host:4053/user/door")]
    public async Task What_is_no_address_is_an_argument_error(string address) =>
        await Assert.ThrowsAnyAsync<ArgumentException>(() => BrokerClient.ConnectAsync(address, Options));

    [Fact]
    public async Task A_user_has_the_databases_that_the_rules_give_it()
    {
        await StartAsync(more: "broker.gateway.hba = [\"host orders ann all scram-sha-256\"]");
        var (ann, bob) = (await ConnectAsync(), await ConnectAsync(Options with { User = "bob", Password = "other" }));

        Assert.Equal(1, await ann.QuerySingleAsync<int>("orders", $"select 1"));
        Assert.Equal("42501", (await FailureOfAsync<AccessDenied>(async () => await bob.QuerySingleAsync<int>("orders", $"select 1"))).SqlState);
        await FailureOfAsync<AccessDenied>(async () => await ann.QuerySingleAsync<int>("elsewhere", $"select 1"));
        await using var session = new SessionFactory(bob, "orders").Open();
        await FailureOfAsync<AccessDenied>(async () => await session.ExecuteAsync($"select 1"));
    }

    [Fact]
    public async Task A_conversation_is_joined_by_its_own_user_only()
    {
        await StartAsync();
        var (ann, bob) = (await ConnectAsync(), await ConnectAsync(Options with { User = "bob", Password = "other" }));
        await using var session = new SessionFactory(ann, "orders").Open();
        await session.ExecuteAsync($"select 1");

        await FailureOfAsync<AccessDenied>(async () => await new SessionFactory(bob, "orders").JoinAsync(session.Id));
        await FailureOfAsync<ConversationGone>(async () => await new SessionFactory(bob, "orders").JoinAsync(SessionId.Draw()));
        await using var again = await new SessionFactory(await ConnectAsync(), "orders").JoinAsync(session.Id);
        Assert.Equal([2], await again.QueryAsync<int>($"select 2"));
    }

    [Fact]
    public async Task Pools_are_controlled_by_those_who_may()
    {
        await StartAsync("admins = [ann]");
        var (ann, bob) = (await ConnectAsync(), await ConnectAsync(Options with { User = "bob", Password = "other" }));

        await FailureOfAsync<AccessDenied>(async () => await bob.SuspendAsync("orders"));
        await ann.SuspendAsync("orders");
        await ann.ResumeAsync("orders");
        Assert.Equal(1, await bob.QuerySingleAsync<int>("orders", $"select 1"));
    }

    [Fact]
    public async Task More_clients_than_may_be_are_refused()
    {
        await StartAsync("max-clients = 1");
        await ConnectAsync();

        var refused = await FailureOfAsync<BrokerUnreachable>(() => ConnectAsync(Options with { ConnectTimeout = Limit }));

        Assert.Contains("max-clients", refused.Cause, StringComparison.Ordinal);
    }
}
