using System.Diagnostics.Metrics;
using Akka.Hosting;
using Broker.Client;
using Broker.Client.Sessions;
using Broker.Diagnostics;
using Broker.Hosting;
using Broker.Leases;
using Broker.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Xunit;

namespace Broker.Tests.Diagnostics;

/// <summary>What a hosted broker on a real server tells to those who listen.</summary>
public sealed class RunningBrokerTests : IAsyncLifetime, IDisposable
{
    private readonly Meters _meters = new();
    private IHost _host = null!;

    private BrokerClient Client => _host.Services.GetRequiredService<BrokerClient>();

    public async Task InitializeAsync()
    {
        var target = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync());
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddSingleton<IMeterFactory>(_meters);
        builder.Services.AddLogging();
        builder.Services.AddAkka("measured", akka => akka.ConfigureLoggers(loggers => loggers.ClearLoggers()).WithBroker(broker => broker.Hocon($$"""
            broker {
              servers.main { host = "{{target.Host}}", port = {{target.Port}}, tls = disable, max-connections = 20 }
              databases.orders { server = main, database = "{{target.Database}}", user = "{{target.Username}}"
                packing.trust.functions = ["pg_catalog.pg_terminate_backend", "pg_catalog.pg_backend_pid", "pg_catalog.pg_sleep"]
                errands.settle = on
                pool { size = 2, overflow = 0, leak-threshold = 10ms } }
              databases.nowhere { server = main, database = "nowhere", user = "{{target.Username}}" }
              log.statements = on
            }
            """)));
        builder.Services.AddBrokerClient();
        builder.Services.AddHealthChecks().AddBroker();
        _host = builder.Build();
        await _host.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    public void Dispose() => _meters.Dispose();

    [Fact]
    public async Task Every_instrument_of_the_page_of_metrics_is_told_by_a_running_broker()
    {
        using var recorded = new Recorded(_meters);
        await ErrandsAsync();
        await LeasesAsync();
        await Assert.ThrowsAsync<BrokerException>(() => Client.ExecuteAsync("nowhere", $"select 1").AsTask());
        await SettleAsync();
        await SessionsAsync(recorded);

        // The gateway is closed here: GatewayTelemetryTests has its own. What a group's member may not do cannot be done by a server that
        // works: PoolSupervisorSpecs has it.
        string[] untold = ["broker.packing.breaches"];
        var expected = recorded.Instruments.Select(one => one.Name).Except(untold)
            .Where(name => !name.StartsWith("broker.gateway.", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        // The last of them are told a moment after the answers.
        while (!limit.IsCancellationRequested && expected.Except(recorded.All.Select(one => one.Name)).Any())
        {
            await Task.Delay(5);
        }

        Assert.Empty(expected.Except(recorded.All.Select(one => one.Name)));
        Assert.Empty(recorded.Of("broker.packing.breaches"));
        Assert.Contains(recorded.Of("db.client.connection.count"), one => one.Tags["db.client.connection.state"] is "idle");
        Assert.Contains(recorded.Of("db.client.connection.count"), one => one.Tags["db.client.connection.state"] is "used");
        Assert.Contains(recorded.Of("broker.trip.members"), one => one.Value > 1);
        Assert.Contains(recorded.Of("broker.errand.refused"), one => one.Tags["error.type"] is "23505");
        Assert.Contains(recorded.Of("broker.errand.refused"), one => one.Tags["error.type"] is "3D000" or "login-refused");
        Assert.Equal(20, recorded.Of("broker.server.connection.max").First().Value);
        Assert.All(recorded.Of("broker.trip.width").Where(one => one.Tags["db.client.connection.pool.name"] is string pool
            && pool.StartsWith("orders", StringComparison.Ordinal)).TakeLast(1), one => Assert.True(one.Value >= 1));
    }

    [Fact]
    public async Task Every_errand_is_counted_once_by_its_end()
    {
        using var recorded = new Recorded(_meters);
        await Client.ExecuteAsync("orders", $"create table counted (id int primary key)");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
        {
            try
            {
                await (number % 2 == 0
                    ? Client.ExecuteAsync("orders", $"insert into counted values ({number % 100})")
                    : Client.ExecuteAsync("orders", $"select {number}"));
                return true;
            }
            catch (BrokerException)
            {
                return false;
            }
        }));

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!limit.IsCancellationRequested && recorded.Of("db.client.operation.duration").Count() < 201)
        {
            await Task.Delay(5);
        }

        Assert.Equal(150, outcomes.Count(done => done));
        Assert.Equal(151, recorded.Of("broker.errand.completed").Sum(one => one.Value));
        Assert.Equal(50, recorded.Of("broker.errand.refused").Sum(one => one.Value));
        Assert.Equal(201, recorded.Of("db.client.operation.duration").Count());
        Assert.Equal(201, recorded.Of("broker.errand.wait_time").Count());
    }

    [Fact]
    public async Task The_wait_in_line_and_the_time_on_the_server_are_told_apart()
    {
        using var traced = new Traced();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Client.ExecuteAsync("orders", $"select pg_sleep({0.2})").AsTask()));
        await Until(() => traced.Stopped.Count(one => one.OperationName == "serve") == 3);

        // Two connections for three: the last one waits for as long as another one is served.
        var waits = traced.Stopped.Where(one => one.OperationName == "wait").OrderBy(one => one.Duration).ToList();
        var serves = traced.Stopped.Where(one => one.OperationName == "serve").ToList();
        Assert.All(serves, serve => Assert.InRange(serve.Duration, TimeSpan.FromSeconds(0.19), TimeSpan.FromSeconds(10)));
        Assert.InRange(waits[^1].Duration, TimeSpan.FromSeconds(0.15), TimeSpan.FromSeconds(10));
        var statements = traced.Stopped.Where(one => one.OperationName == "orders").ToList();
        Assert.Equal(3, statements.Count);
        Assert.All(serves,
            serve => Assert.Contains(statements, one => one.SpanId == serve.ParentSpanId && one.StartTimeUtc <= serve.StartTimeUtc));
        Assert.All(serves, serve => Assert.Equal("select pg_sleep($1)", serve.GetTagItem("db.query.text")));
    }

    [Fact]
    public async Task A_lease_is_an_activity_with_its_connection_and_its_wait()
    {
        using var traced = new Traced();
        var lease = await Client.LeaseAsync("orders", new LeaseOptions { Purpose = "report" });
        await lease.DisposeAsync();
        var activity = traced.Single("lease orders");
        Assert.Equal("report", activity.GetTagItem("broker.lease.purpose"));
        Assert.Equal(lease.BackendPid, activity.GetTagItem("broker.backend.pid"));
        Assert.StartsWith("c", (string)activity.GetTagItem("broker.connection")!, StringComparison.Ordinal);
        Assert.Equal(activity.SpanId, traced.Single("wait").ParentSpanId);
    }

    [Fact]
    public async Task The_health_check_finds_what_it_needs_and_tells_of_every_database()
    {
        await Client.ExecuteAsync("orders", $"select 1");
        await Assert.ThrowsAsync<BrokerException>(() => Client.ExecuteAsync("nowhere", $"select 1").AsTask());
        var report = await _host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        var broker = report.Entries["broker"];
        Assert.Equal(HealthStatus.Unhealthy, broker.Status);
        Assert.Contains("nowhere", broker.Description, StringComparison.Ordinal);
        Assert.Equal("Healthy", broker.Data["orders.status"]);
    }

    private async Task ErrandsAsync()
    {
        await Client.ExecuteAsync("orders", $"create table things (id int primary key)");
        await Client.ExecuteAsync("orders", $"insert into things values (0)");
        // Until the catalogue has answered for the text it does not share a trip.
        for (var round = 0; round < 20; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(async n =>
            {
                try
                {
                    await Client.ExecuteAsync("orders", $"insert into things values ({(n % 5 == 0 ? 0 : (round * 100) + n + 1)})");
                }
                catch (BrokerException)
                {
                    // The row is there.
                }
            }));
        }
    }

    private async Task LeasesAsync()
    {
        await using var overdue = await Client.LeaseAsync("orders");
        var revoked = await Client.LeaseAsync("orders");
        await Assert.ThrowsAsync<BrokerException>(() =>
            InAnotherFlow(() => Client.LeaseAsync("orders", new LeaseOptions { Wait = TimeSpan.FromMilliseconds(20) }).AsTask()));
        revoked.Invalidate(hard: true);
        await revoked.DisposeAsync();
    }

    private async Task SettleAsync()
    {
        // A write whose server process ends itself before COMMIT, once the catalogue has answered for its text.
        await KillAsync(false);
        await KillAsync(false);
        await Assert.ThrowsAsync<BrokerException>(() => KillAsync(true));

        Task KillAsync(bool now) => Client.ExecuteAsync(
            "orders", $"insert into things select 100000 where case when {now} then pg_terminate_backend(pg_backend_pid()) else false end")
                .AsTask();
    }

    private static async Task Until(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!isSo())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Delay(5);
        }
    }

    /// <summary>What this flow holds is not what that one holds.</summary>
    private static Task<T> InAnotherFlow<T>(Func<Task<T>> run)
    {
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(run);
        }
    }

    /// <summary>A commit, a transaction that lies idle, and a handle that says that nobody held it any more.</summary>
    private async Task SessionsAsync(Recorded recorded)
    {
        await using (var session = new SessionFactory(Client, "orders").Open())
        {
            await session.ExecuteAsync($"create table sold (id int)");
            await session.CommitAsync();
        }

        await using var idle = new SessionFactory(Client, "orders", new() { Terms = new() { IdleLimit = TimeSpan.FromMilliseconds(20) } })
            .Open();
        await idle.ExecuteAsync($"select 1");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!limit.IsCancellationRequested && !recorded.All.Any(one => one.Name == "broker.session.timeouts"))
        {
            await Task.Delay(5);
        }

        var link = new SessionLink(Client.Sender, "orders", SessionOptions.Default, joined: null);
        await link.OpenAsync();
        link.Forget();
    }
}
