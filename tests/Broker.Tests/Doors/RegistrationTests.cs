using Broker.Client;
using Broker.Client.Hosting;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Broker.Tests.Doors;

public sealed class RegistrationTests : RemoteStage
{
    [Fact]
    public async Task A_registered_client_and_its_scopes_sessions_use_the_broker_from_afar()
    {
        await StartAsync();
        await using (var services = new ServiceCollection().AddBrokerClient(Address, Options).AddBrokerSessions("orders").BuildServiceProvider())
        {
            await using (var scope = services.CreateAsyncScope())
            {
                var session = scope.ServiceProvider.GetRequiredService<Session>();
                await session.ExecuteAsync($"create table forgotten (id int)");
                Assert.Same(session, scope.ServiceProvider.GetRequiredService<Session>());
            }

            var client = services.GetRequiredService<BrokerClient>();
            Assert.Null(await client.QuerySingleAsync<string?>("orders", $"select to_regclass('forgotten')::text"));
            Assert.Same(client, services.GetRequiredService<BrokerClient>());
        }

        await UntilAsync(static status => status is { Lent: 0, Waiting: 0 });
    }

    [Fact]
    public async Task A_registered_client_ends_with_a_container_that_cannot_wait()
    {
        await StartAsync();
        var services = new ServiceCollection().AddBrokerClient(Address, new() { User = "ann", Password = "secret" })
            .AddBrokerSessions("orders").BuildServiceProvider();
        var client = services.GetRequiredService<BrokerClient>();
        var session = services.GetRequiredService<SessionFactory>().Open();
        await session.ExecuteAsync($"create table forgotten (id int)");

        services.Dispose();
        services.Dispose();

        await UntilAsync(static status => status is { Lent: 0, Waiting: 0 });
        Assert.Null(await Broker.QuerySingleAsync<string?>("orders", $"select to_regclass('forgotten')::text"));
        await Assert.ThrowsAsync<BrokerException>(async () => await client.QuerySingleAsync<int>("orders", $"select 1"));
    }

    [Fact]
    public async Task A_registered_client_fails_its_calls_when_the_broker_is_not_there()
    {
        await using var services = new ServiceCollection()
            .AddBrokerClient("akka.tcp://broker@127.0.0.1:1", Options with { ConnectTimeout = TimeSpan.FromMilliseconds(500) })
            .BuildServiceProvider();

        await FailureOfAsync<BrokerUnreachable>(async () => await services.GetRequiredService<BrokerClient>().QuerySingleAsync<int>("orders", $"select 1"));
    }
}
