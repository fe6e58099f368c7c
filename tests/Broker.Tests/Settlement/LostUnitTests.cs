using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Postgres;
using Broker.Tests.Errands.Server;
using Broker.Tests.Pools.Server;
using Npgsql;
using Xunit;

namespace Broker.Tests.Settlement;

/// <summary>
/// Units whose connection is lost on the way, without any setting that asks for settlement: what is told must be what is in the tables,
/// also of texts that share no trip.
/// </summary>
public sealed class LostUnitTests : IAsyncLifetime
{
    private const string Unprepared = "broker.errands.statements-prepared = 0";
    private const string Insert = "insert into effects values ($1, $2) returning id";

    private string _server = "";
    private NpgsqlConnection _sql = null!;

    public async Task InitializeAsync()
    {
        _server = await SharedPostgres.CreateDatabaseAsync();
        _sql = await Sql.OpenAsync(_server);
        await _sql.RunAsync("""
            create table effects (id int primary key, note text);
            create table watched (id int primary key);
            create function watch() returns trigger language plpgsql as 'begin return new; end';
            create trigger watch before insert on watched for each row execute function watch()
            """);
    }

    public async Task DisposeAsync()
    {
        await _sql.DisposeAsync();
        await SharedPostgres.ReturnDatabaseAsync(_server);
    }

    [Theory]
    [InlineData(nameof(Cut.BeforeCommit), 1)]
    [InlineData(nameof(Cut.AfterCommit), 1)]
    [InlineData(nameof(Cut.BeforeCommit), 4)]
    [InlineData(nameof(Cut.AfterCommit), 4)]
    public async Task A_unit_cut_at_its_commit_takes_effect_once_and_is_answered_in_full(string where, int statements)
    {
        await using var proxy = CuttingProxy.ForOneTrip(_server, Enum.Parse<Cut>(where));
        await using var broker = Embedded.Start(proxy.ConnectionString, more: Unprepared);
        await broker.Client.SendAsync(broker.Client.Unit(Watched(0)));
        await broker.UntilAsync(status => status is { Busy: 0, Idle: > 0 });
        proxy.Arm();

        var outcome =
            await broker.Client.SendAsync(broker.Client.Unit([Watched(1), .. Enumerable.Range(2, statements - 1).Select(Effect)]));

        Assert.False(proxy.IsArmed);
        Assert.Null(outcome.Failure);
        Assert.Equal(Enumerable.Range(1, statements).Select(i => new Answer($"[{i}]", 1, "")), outcome.Answers);
        Assert.Equal((2L, (long)statements - 1), (await CountAsync("watched"), await CountAsync("effects")));
    }

    [Theory]
    [InlineData(nameof(Cut.BeforeCommit))]
    [InlineData(nameof(Cut.AfterCommit))]
    public async Task Units_of_a_group_cut_at_its_commit_take_effect_once_and_are_answered_in_full(string where)
    {
        await using var proxy = CuttingProxy.ForOneTrip(_server, Enum.Parse<Cut>(where));
        await using var broker = PackingBroker.StartOn(proxy.ConnectionString, $"{Unprepared}\nbroker.pool.size = 1");
        await broker.WarmAsync(i => Pair(broker, 1000 + (2 * i)));
        await broker.UntilIdleAsync();
        proxy.Arm();

        var (outcomes, trips) = await broker.PackAsync(Pair(broker, 1), Pair(broker, 3), Pair(broker, 5));

        Assert.False(proxy.IsArmed);
        Assert.Contains(("write_group", 3), trips);
        Assert.Equal(["[1] [2]", "[3] [4]", "[5] [6]"], outcomes.Select(outcome => outcome.Rows));
        Assert.Equal(where == nameof(Cut.AfterCommit) ? 1L : 3L,
            await _sql.ScalarAsync("select count(distinct xmin::text) from effects where id < 1000"));
        Assert.Equal(6L, await _sql.ScalarAsync("select count(*) from effects where id < 1000"));
    }

    [Fact]
    public async Task A_unit_cut_before_its_transaction_id_was_told_has_an_unknown_outcome_that_names_what_is_known()
    {
        await using var proxy = CuttingProxy.ForOneTrip(_server, Cut.BeforeCommitUntold);
        await using var broker = Embedded.Start(proxy.ConnectionString, "size = 1, overflow = 0", more: Unprepared);
        var pid = await broker.Client.QuerySingleAsync<int>("orders", $"select pg_backend_pid()");
        await broker.UntilAsync(status => status is { Busy: 0, Idle: > 0 });
        proxy.Arm();

        var outcome = await broker.Client.SendAsync(broker.Client.Unit(Effect(1), Effect(2)));

        Assert.False(proxy.IsArmed);
        var unknown = Assert.IsType<CommitUnknown>(outcome.Failure);
        Assert.Equal((0UL, pid), (unknown.TransactionId, unknown.BackendPid));
        await _sql.UntilAsync($"count(*) = 0 from pg_stat_activity where pid = {pid}");
        Assert.Equal(0L, await CountAsync("effects"));
    }

    [Fact]
    public async Task A_unit_whose_later_answers_were_lost_with_the_answer_to_COMMIT_hears_that_it_took_effect()
    {
        await using var proxy = CuttingProxy.For(_server, Cut.AtInsert);
        await using var broker = Embedded.Start(proxy.ConnectionString, more: Unprepared);
        await broker.Client.SendAsync(broker.Client.Unit("delete from effects"));
        await broker.UntilAsync(status => status is { Busy: 0, Idle: > 0 });
        proxy.ArmAt(2);

        var outcome = await broker.Client.SendAsync(
            broker.Client.Unit([.. Enumerable.Range(1, 3).Select(i => Statement.Of("insert into effects values ($1)", i))]));

        Assert.IsType<AnswerLost>(outcome.Failure);
        Assert.Equal(3L, await CountAsync("effects"));
    }

    [Fact]
    public async Task A_unit_whose_server_process_is_killed_midway_had_no_effect_and_is_not_run_again()
    {
        await using var broker = Embedded.Start(_server);
        await using var blocker = await Sql.OpenAsync(_server);
        await blocker.RunAsync("begin; insert into effects values (2)");
        const string Waiting = "datname = current_database() and wait_event_type = 'Lock'";
        var told = broker.Client.SendAsync(broker.Client.Unit(Watched(1), Effect(2), Effect(3)));
        await _sql.UntilAsync($"count(*) = 1 from pg_stat_activity where {Waiting}");
        await _sql.RunAsync($"select pg_terminate_backend(pid) from pg_stat_activity where {Waiting}");
        var outcome = await told;
        await blocker.RunAsync("rollback");

        Assert.Contains("settled that nothing took effect", Assert.IsType<ConnectionLost>(outcome.Failure).Message,
            StringComparison.Ordinal);
        Assert.Equal((0L, 0L), (await CountAsync("watched"), await CountAsync("effects")));
    }

    private static Statement Watched(int id) => Statement.Of("insert into watched values ($1) returning id", id);

    private static Statement Effect(int id) => Statement.Of(Insert, id, "u");

    private static RunErrand Pair(PackingBroker broker, int id) => broker.Client.Unit(Effect(id), Effect(id + 1));

    private async Task<long> CountAsync(string table) => (long)(await _sql.ScalarAsync($"select count(*) from {table}"))!;
}
