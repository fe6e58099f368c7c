using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broker.Tests.Diagnostics;

public sealed class BrokerHealthCheckTests
{
    private static readonly PoolStatus Well = new(
        new PoolId("orders", "app"), Size: 5, Overflow: 10, Opening: 1, Idle: 2, Busy: 3, Lent: 4, Waiting: 5, WaitingErrands: 6,
        OldestWait: TimeSpan.FromSeconds(1), Generation: 0, Suspended: false, LastConnectFailure: null, Leases: []);

    private static readonly PoolStatus Asleep =
        Well with { Opening = 0, Idle = 0, Busy = 0, Lent = 0, Waiting = 0, WaitingErrands = 0, OldestWait = TimeSpan.Zero };

    public static TheoryData<PoolStatus, HealthStatus, string> Cases => new()
    {
        { Well, HealthStatus.Healthy, "2 pools serve" },
        { Asleep, HealthStatus.Healthy, "2 pools serve" },
        { Asleep with { LastConnectFailure = "connection refused" }, HealthStatus.Unhealthy,
            "orders has no connection: connection refused" },
        { Well with { LastConnectFailure = "too many clients" }, HealthStatus.Degraded,
            "orders cannot open connections: too many clients" },
        { Well with { Suspended = true }, HealthStatus.Degraded, "orders is suspended" },
        {
            Well with { OldestWait = TimeSpan.FromSeconds(5.5) }, HealthStatus.Degraded,
            "orders makes callers wait: 5 waiting, oldest 5.5 s (acquire-timeout 10 s)"
        },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_worst_pool_decides_and_says_why(PoolStatus orders, HealthStatus expected, string reason)
    {
        var result = await CheckAsync((database, _) => ValueTask.FromResult(database == "orders" ? orders : Asleep));

        Assert.Equal((expected, reason), (result.Status, result.Description));
    }

    [Fact]
    public async Task The_numbers_of_every_pool_are_in_the_data()
    {
        var result = await CheckAsync((database, _) =>
            ValueTask.FromResult(database == "orders" ? Well with { LastConnectFailure = "no route" } : Asleep));

        Assert.Equal(
            [
                ("orders.busy", 3), ("orders.idle", 2), ("orders.last-connect-failure", "no route"), ("orders.lent", 4),
                ("orders.oldest-wait-seconds", 1.0),
                ("orders.opening", 1), ("orders.status", "Degraded"), ("orders.waiting", 5), ("orders.waiting-errands", (object)6),
            ],
            result.Data.Where(one => one.Key.StartsWith("orders.", StringComparison.Ordinal)).OrderBy(one => one.Key,
                StringComparer.Ordinal).Select(one => (one.Key, one.Value)));
        Assert.Equal("Healthy", result.Data["stock.status"]);
    }

    [Fact]
    public async Task A_pool_that_does_not_answer_in_time_is_unhealthy_and_the_others_are_still_told()
    {
        var clock = new FakeTimeProvider();
        var check = CheckAsync((database,
            _) => database == "orders" ? new ValueTask<PoolStatus>(new TaskCompletionSource<PoolStatus>().Task) : ValueTask.FromResult(
                Asleep), clock);
        Assert.False(check.IsCompleted);

        clock.Advance(TimeSpan.FromMilliseconds(250));
        var result = await check;

        Assert.Equal(HealthStatus.Unhealthy, result.Status);
        Assert.Equal("orders did not answer within 0.25 s (broker.diagnostics.health-timeout)", result.Description);
        Assert.Equal("Healthy", result.Data["stock.status"]);
    }

    [Fact]
    public async Task A_pool_that_refuses_to_answer_is_unhealthy_with_its_reason()
    {
        var result = await CheckAsync((_, _) => throw new BrokerException(new UnknownDatabase("orders", null, null)));

        Assert.Equal(HealthStatus.Unhealthy, result.Status);
        Assert.StartsWith("orders no database named \"orders\"", result.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_that_its_caller_cancels_is_cancelled()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            CheckAsync((_, _) => new ValueTask<PoolStatus>(new TaskCompletionSource<PoolStatus>().Task), cancellation: cancelled.Token));
    }

    [Fact]
    public void It_is_registered_under_the_name_broker()
    {
        var services = new ServiceCollection();
        services.AddHealthChecks().AddBroker(failureStatus: HealthStatus.Degraded, tags: ["ready"]);

        using var provider = services.BuildServiceProvider();
        var registration = Assert.Single(provider.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations);

        Assert.Equal(("broker", HealthStatus.Degraded), (registration.Name, registration.FailureStatus));
        Assert.Contains("ready", registration.Tags);
    }

    private static Task<HealthCheckResult> CheckAsync(
        Func<string, CancellationToken, ValueTask<PoolStatus>> ask, TimeProvider? clock = null, CancellationToken cancellation = default)
    {
        var settings = BrokerSettings.Parse("""
            broker {
              servers.main { }
              databases { orders { user = app } stock { user = app } }
              pool.acquire-timeout = 10s
              diagnostics.health-timeout = 250ms
            }
            """);
        var check = new BrokerHealthCheck(ask, settings, clock ?? TimeProvider.System);
        var registration = new HealthCheckRegistration("broker", check, failureStatus: null, tags: null);
        return check.CheckHealthAsync(new HealthCheckContext { Registration = registration }, cancellation);
    }
}
