using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Postgres;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>A server that asks for passwords (SCRAM).</summary>
public sealed class PasswordTests : IAsyncLifetime
{
    private readonly string _file = Path.GetTempFileName();
    private LocalPostgres _server = null!;

    public async Task InitializeAsync() =>
        _server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway with { Password = "first" });

    public async Task DisposeAsync()
    {
        File.Delete(_file);
        await _server.DisposeAsync();
    }

    [Theory] // 43
    [InlineData("file")]
    [InlineData("env")]
    public async Task A_password_changed_at_runtime_is_used_by_new_connections_and_open_ones_live_on(string source)
    {
        var variable = $"BROKER_TEST_{Guid.NewGuid():N}";
        void Put(string password)
        {
            File.WriteAllText(_file, password + "\n");
            Environment.SetEnvironmentVariable(variable, password);
        }

        Put("first");
        await using var broker = Embedded.StartWith($$"""
            broker {
              servers.main { host = "127.0.0.1", port = {{_server.Port}} }
              databases.orders { database = postgres, user = {{_server.UserName}}, {{(source == "file" ? $"password-file = \"{_file}\"" : $"password-env = {variable}")}} }
              pool { size = 2, overflow = 0, reconnect { min-backoff = 10ms, max-backoff = 10ms } }
            }
            """);
        var open = await broker.LeaseAsync();
        await open.ScalarAsync("alter role postgres password 'second'");

        var refused =
            await Assert.ThrowsAsync<BrokerException>(() => Detached(() => broker.LeaseAsync(TimeSpan.FromSeconds(2)).AsTask()));
        Assert.Equal("28P01",
            refused.Failure is LoginRefused login ? login.SqlState
                : refused.Message.Contains("password", StringComparison.Ordinal) ? "28P01"
                : refused.Message);

        Put("second");
        await using (var fresh = await broker.LeaseAsync())
        {
            Assert.NotEqual(open.BackendPid, fresh.BackendPid);
        }

        Assert.Equal(1, await open.ScalarAsync("select 1"));
        await open.DisposeAsync();
    }

    [Fact]
    public async Task A_password_file_that_is_gone_is_a_typed_refusal_and_the_pool_recovers()
    {
        await File.WriteAllTextAsync(_file, "first");
        await using var broker = Embedded.StartWith($$"""
            broker {
              servers.main { host = "127.0.0.1", port = {{_server.Port}} }
              databases.orders { database = postgres, user = {{_server.UserName}}, password-file = "{{_file}}" }
              pool { reconnect { min-backoff = 10ms, max-backoff = 10ms } }
            }
            """);
        File.Delete(_file);
        var refused = await Assert.ThrowsAsync<BrokerException>(() => broker.LeaseAsync().AsTask());
        Assert.Contains("password cannot be read", Assert.IsType<LoginRefused>(refused.Failure).Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_file, "first");
        await broker.UntilAsync(_ => true);
        while (true)
        {
            try
            {
                await using var lease = await broker.LeaseAsync();
                break;
            }
            catch (BrokerException again) when (again.Failure is LoginRefused)
            {
                // The pause of the last refusal is not over yet.
                await Task.Delay(5);
            }
        }
    }

    /// <summary>What this flow holds is not what that one holds.</summary>
    private static Task<T> Detached<T>(Func<Task<T>> run)
    {
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(run);
        }
    }
}
