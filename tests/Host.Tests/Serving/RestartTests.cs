using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Host.Tests.Serving;

/// <summary>A brokerd that is killed in the middle of what remote programs ask of it, and started again at the same place.</summary>
public sealed class RestartTests
{
    private const int Kills = 4;
    private const string Ledger = "errands { settle = on, ledger { table = broker_ledger, keep = 1d } }";

    [Fact]
    public async Task Whatever_was_under_way_when_brokerd_was_killed_has_the_outcome_that_its_caller_is_told()
    {
        await using var served = await ServedDatabase.StartAsync(broker: Ledger);
        await served.DoAsync("create table effects (kind text, writer int, number int)");
        var client = await served.ConnectAsync();
        using var enough = new CancellationTokenSource();
        var told = new TellTale();
        Task[] writers =
        [
            .. Enumerable.Range(0, 3)
                .Select(writer => told.WriteAsync("keyed", writer, number => KeyedAsync(client, writer, number), enough.Token)),
            .. Enumerable.Range(0, 3)
                .Select(writer => told.WriteAsync("unkeyed", writer, number => UnkeyedAsync(client, writer, number), enough.Token)),
            .. Enumerable.Range(0, 3)
                .Select(writer => told.WriteAsync("committed", writer, number => CommittedAsync(client, writer, number), enough.Token)),
        ];

        for (var kill = 0; kill < Kills; kill++)
        {
            await MoreOfEachAsync(served, Random.Shared.Next(1, 30));
            await served.KillAsync();
            await served.StartAgainAsync();
        }
        await MoreOfEachAsync(served, 1);
        await enough.CancelAsync();
        await Task.WhenAll(writers);

        await ServedDatabase.UntilAsync(async () => await served.AskAsync<long>(AtWork) == 0);
        var effects = await EffectsAsync(served);
        foreach (var (kind, writer, number, outcome) in told.All)
        {
            var times = effects.GetValueOrDefault((kind, writer, number));
            Assert.True(IsTrue(kind, outcome, times),
                $"{kind} {writer} {number} took effect {times} times, and was told: {outcome?.ToString() ?? "done"}");
        }
        await served.Brokerd.SignalAsync("TERM");
        Assert.Equal(0, await served.Brokerd.EndAsync());
    }

    private const string AtWork =
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'";

    // What is known is said, so a caller of what the ledger can tell never hears that it is unknown.
    private static bool IsTrue(string kind, Failure? outcome, long times) => outcome switch
    {
        null => times == 1,
        AnswerLost => times == 1 && kind != "keyed",
        OutcomeUnknown => kind == "unkeyed" && times <= 1,
        { SafeToRetry: true } => kind != "keyed" && times == 0,
        _ => false,
    };

    private static async Task KeyedAsync(BrokerClient client, int writer, int number) =>
        Assert.Equal(1,
            await client.WithIdempotencyKey($"keyed-{writer}-{number}")
                .ExecuteAsync("shop", $"insert into effects values ('keyed', {writer}, {number})"));

    private static async Task UnkeyedAsync(BrokerClient client, int writer, int number) =>
        Assert.Equal(1, await client.ExecuteAsync("shop", $"insert into effects values ('unkeyed', {writer}, {number})"));

    private static async Task CommittedAsync(BrokerClient client, int writer, int number)
    {
        await using var session = new SessionFactory(client, "shop").Open();
        await session.ExecuteAsync($"insert into effects values ('committed', {writer}, {number})");
        await session.CommitAsync($"committed-{writer}-{number}");
    }

    /// <summary>How often each write took effect.</summary>
    private static async Task<Dictionary<(string Kind, int Writer, int Number), long>> EffectsAsync(ServedDatabase served)
    {
        var effects = new Dictionary<(string, int, int), long>();
        await using var command =
            served.Server.CreateCommand("select kind, writer, number, count(*) from effects group by kind, writer, number");
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            effects.Add((rows.GetString(0), rows.GetInt32(1), rows.GetInt32(2)), rows.GetInt64(3));
        }
        return effects;
    }

    /// <summary>Waits until the server shows so many more rows of each kind.</summary>
    private static async Task MoreOfEachAsync(ServedDatabase served, int more)
    {
        var before = new Dictionary<string, long>();
        foreach (var kind in (string[])["keyed", "unkeyed", "committed"])
        {
            before[kind] = await CountAsync(served, kind);
        }
        foreach (var (kind, count) in before)
        {
            await ServedDatabase.UntilAsync(async () => await CountAsync(served, kind) >= count + more);
        }
    }

    private static Task<long> CountAsync(ServedDatabase served, string kind) =>
        served.AskAsync<long>($"select count(*) from effects where kind = '{kind}'");
}
