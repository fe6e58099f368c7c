using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>
/// A pool that dies while its errands are under way: each caller is told, also those of a group that would have run again.
/// </summary>
public sealed class AbandonedTests : IAsyncLifetime
{
    private const string Schema = "create table kept (id int primary key)";
    private const string Insert = "insert into kept select $1::int from pg_sleep($2)";

    private PackingBroker _broker = null!;

    public async Task InitializeAsync() =>
        _broker = await PackingBroker.StartAsync(Schema, "broker.packing.trust.functions = [\"pg_catalog.pg_sleep\"]");

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task Those_who_wait_for_another_run_are_told_when_their_pool_is_gone()
    {
        await _broker.WarmAsync(n => Statement.Of(Insert, n + 100, 0.0));

        var told = await StartAndStopAsync(Statement.Of(Insert, 1, 2.0), Statement.Of(Insert, 100, 0.0), Statement.Of(Insert, 3, 0.0));

        Assert.All(told, answer => Assert.IsType<BrokerStopping>(answer.Failure));
        Assert.Equal(0L, await _broker.AskDirectlyAsync<long>("select count(*) from kept where id < 100"));
    }

    [Fact]
    public async Task Those_whose_connection_is_cut_while_their_pool_goes_hear_what_is_known()
    {
        await _broker.WarmAsync(n => Statement.Of(Insert, n + 100, 0.0));

        var told = await StartAndStopAsync(
            [Statement.Of(Insert, 1, 60.0), Statement.Of(Insert, 2, 0.0)],
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'");

        // The broker cancels what outlasts it, and the cut may come before or behind: unknown, or rolled back and nothing of it there.
        if (told[0].Failure is BrokerStopping)
        {
            Assert.All(told, answer => Assert.IsType<BrokerStopping>(answer.Failure));
            Assert.Equal(0L, await _broker.AskDirectlyAsync<long>("select count(*) from kept where id < 100"));
        }
        else
        {
            Assert.All(told, answer => Assert.IsType<CommitUnknown>(answer.Failure));
        }
    }

    private Task<Answer[]> StartAndStopAsync(params Statement[] statements) => StartAndStopAsync(statements, "select 1");

    private async Task<Answer[]> StartAndStopAsync(Statement[] statements, string then)
    {
        var pool = (await _broker.Home.Sender.Pools.FindAsync(PackingBroker.Pool, null)).Supervisor;
        var answers = await _broker.StartTogetherAsync([.. statements.Select(one => (_broker.Client, one))]);
        await _broker.UntilDirectlyAsync(
            "select count(*) = 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'");
        await pool.GracefulStop(TimeSpan.FromSeconds(30));
        await _broker.DirectlyAsync(then);
        return await Task.WhenAll(answers).WaitAsync(TimeSpan.FromSeconds(30));
    }
}
