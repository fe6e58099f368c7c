using Broker.Client.Protocol.Values;
using Broker.Postgres;
using Broker.Tests.Pools.Server;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>A server of its own that waits for a synchronous standby which never comes.</summary>
public sealed class StandbyTests
{
    private const string Insert = "insert into kept values ($1)";

    [Fact]
    public async Task A_write_group_that_is_overdue_at_its_COMMIT_is_told_when_the_standby_has_it_and_not_before()
    {
        await using var server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        await using var operations = await Sql.OpenAsync(server.ConnectionString());
        await operations.RunAsync("create table kept (id int)");
        await operations.RunAsync("alter database postgres set synchronous_commit = on");
        await using var broker = PackingBroker.StartOn(server.ConnectionString(), "broker.packing { target = 50ms, trip-limit = 1500ms }");
        await broker.WarmAsync(n => Statement.Of(Insert, n + 100));
        await operations.RunAsync("alter system set synchronous_standby_names = 'nobody'");
        await operations.RunAsync("select pg_reload_conf()");
        await operations.UntilAsync("current_setting('synchronous_standby_names') = 'nobody'");
        await BrokerHasHeardAsync(broker);

        var answers = await broker.StartTogetherAsync([.. Enumerable.Range(1, 3).Select(i => (broker.Client, Statement.Of(Insert, i)))]);

        // What waits for a standby is seen by nobody; the cancel of the overdue trip ends that wait.
        await operations.UntilAsync("count(*) = 3 from kept where id < 4");
        await operations.UntilAsync("count(*) = 1 from pg_stat_activity where wait_event = 'SyncRep'");
        Assert.All(answers, answer => Assert.False(answer.IsCompleted));
        await operations.RunAsync("alter system reset synchronous_standby_names");
        await operations.RunAsync("select pg_reload_conf()");
        Assert.All(await Task.WhenAll(answers).WaitAsync(TimeSpan.FromSeconds(30)), answer => Assert.Equal(new("", 1, ""), answer));
        Assert.Equal(3L, await operations.ScalarAsync("select count(*) from kept where id < 4"));
    }

    // each server process reads its settings anew by itself, a moment later or sooner than another
    private static async Task BrokerHasHeardAsync(PackingBroker broker)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (var inARow = 0; inARow < 20; inARow++)
        {
            limit.Token.ThrowIfCancellationRequested();
            if (await broker.Client.QuerySingleAsync<string>(PackingBroker.Pool,
                $"select current_setting('synchronous_standby_names')") != "nobody")
            {
                inARow = 0;
            }
        }
    }
}
